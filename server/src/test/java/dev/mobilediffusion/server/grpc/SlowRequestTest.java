package dev.mobilediffusion.server.grpc;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Requests of which a byte comes now and then: over HTTP/2 a connection with an open call is never idle. */
final class SlowRequestTest {

    /** A message of 100,000 bytes, not compressed, begins: gRPC over HTTP/2, Length-Prefixed-Message. */
    private static final byte[] BEGINNING = {0, 0, 1, (byte) 0x86, (byte) 0xA0};

    @RegisterExtension
    private final GrpcFixture server = GrpcFixture.quick().withRequestTimeout(Duration.ofSeconds(1));

    @Test
    void aRequestThatTricklesInEndsInItsTimeAndItsConnectionGoesOn() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            client.headers(1, "Generate", Map.of());
            client.data(1, 0, BEGINNING);
            while (server.outcomes.isEmpty()) {
                client.data(1, 0, new byte[] {10});
                Thread.sleep(20);
            }

            assertThat(client.awaitEnd(1).type(), is(RawHttp2.HEADERS));
            assertThat(server.outcomes, contains("request_timeout"));
            client.call(3, "ListModels", ListModelsRequest.getDefaultInstance());
            assertThat(client.awaitEnd(3).type(), is(RawHttp2.HEADERS));
        }
    }

    @Test
    void aCallWithoutAnyMessageEndsInItsTimeToo() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            client.headers(1, "GetJob", Map.of());

            assertThat(client.awaitEnd(1).type(), is(RawHttp2.HEADERS));
            assertThat(server.outcomes, contains("request_timeout"));
        }
    }
}
