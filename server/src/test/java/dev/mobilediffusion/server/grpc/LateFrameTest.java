package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.prompt;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Frames that were under way when the server ended their call. Both are within their rights, so neither the newer call
 * on the same connection nor the connection may suffer.
 */
final class LateFrameTest {

    @RegisterExtension
    private final GrpcFixture server = GrpcFixture.gated();

    @Test
    void dataOfARefusedCallMayComeWhileANewerCallIsOpen() throws Exception {
        try (RawHttp2 client = refusedAndNewCall()) {
            client.data(1, 0, new byte[100]);
            client.data(1, RawHttp2.END_STREAM, new byte[100]);
            assertNewCallFinishes(client);
        }
    }

    @Test
    void aResetOfARefusedCallMayComeWhileANewerCallIsOpen() throws Exception {
        try (RawHttp2 client = refusedAndNewCall()) {
            client.reset(1);
            assertNewCallFinishes(client);
        }
    }

    @Test
    void aResetOfARefusedCallMayFollowItsLastData() throws Exception {
        try (RawHttp2 client = refusedAndNewCall()) {
            client.data(1, RawHttp2.END_STREAM, new byte[100]);
            client.call(5, "ListModels", ListModelsRequest.getDefaultInstance());
            client.awaitEnd(5);
            client.reset(1);
            assertNewCallFinishes(client);
        }
    }

    @Test
    void aWiderWindowOfAFinishedCallMayComeWhileANewerCallIsOpen() throws Exception {
        try (RawHttp2 client = refusedAndNewCall()) {
            client.widen(1, 100);
            assertNewCallFinishes(client);
        }
    }

    @Test
    void aWiderWindowOfAFinishedCallMayComeWhenNothingIsOpen() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            for (int stream = 1; stream <= 5; stream += 2) {
                client.call(stream, "ListModels", ListModelsRequest.getDefaultInstance());
                client.awaitEnd(stream);
            }
            client.widen(3, 100);
            client.call(7, "ListModels", ListModelsRequest.getDefaultInstance());
            assertThat(client.awaitEnd(7).type(), is(RawHttp2.HEADERS));
        }
    }

    @Test
    void aRefusedCallsManyFramesDoNotHoldUpTheConnection() throws Exception {
        try (RawHttp2 client = refusedAndNewCall()) {
            for (int i = 0; i < 100; i++) {
                client.data(1, 0, new byte[1000]);
            }
            client.call(5, "ListModels", ListModelsRequest.getDefaultInstance());
            assertThat(client.awaitEnd(5).type(), is(RawHttp2.HEADERS));
            assertNewCallFinishes(client);
        }
    }

    @Test
    void dataOfACallThatTheServerResetMayComeWhileANewerCallIsOpen() throws Exception {
        try (RawHttp2 client = brokenAndNewCall()) {
            client.data(1, 0, new byte[100]);
            client.data(1, RawHttp2.END_STREAM, new byte[100]);
            client.reset(1);
            assertNewCallFinishes(client);
        }
    }

    /** Stream 1 was reset by the server with more to come; stream 3 is being drawn. */
    private RawHttp2 brokenAndNewCall() throws Exception {
        RawHttp2 client = RawHttp2.connect(server.port());
        breakOff(client, 1);
        client.call(3, "Generate", prompt("newer", 1));
        server.pipeline.awaitStart();
        return client;
    }

    /** A stream with more data than was announced is reset. */
    private static void breakOff(RawHttp2 client, int stream) throws Exception {
        client.headers(stream, "ListModels", Map.of("content-length", "1"));
        client.data(stream, 0, new byte[2]);
        assertThat(client.awaitEnd(stream).type(), is(RawHttp2.RST_STREAM));
    }

    /** Stream 1 was ended by the server with more to come; stream 3 is being drawn. */
    private RawHttp2 refusedAndNewCall() throws Exception {
        RawHttp2 client = RawHttp2.connect(server.port());
        client.headers(1, "GetJob", Map.of());
        client.unreadableBeginning(1);
        assertThat(client.awaitEnd(1).type(), is(RawHttp2.HEADERS));
        client.call(3, "Generate", prompt("newer", 1));
        server.pipeline.awaitStart();
        return client;
    }

    private void assertNewCallFinishes(RawHttp2 client) throws Exception {
        client.slowPing();
        server.pipeline.allow(1);
        assertThat(client.awaitEnd(3).type(), is(RawHttp2.HEADERS));
    }
}
