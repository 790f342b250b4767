package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.prompt;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.helidon.webserver.CloseConnectionException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Frames that were under way when the server ended their call. Both are within their rights, so neither the newer call
 * on the same connection nor the connection may suffer.
 */
final class LateFrameTest {

    /** Enough for a race to be lost: judged on its arrival, a frame ended the connection in every second try. */
    private static final int ROUNDS = 20;

    @TempDir
    private Path folder;

    private GrpcFixture server;

    @BeforeEach
    void start() {
        server = GrpcFixture.start(folder, FakePipeline.gated());
    }

    @AfterEach
    void stop() {
        server.close();
    }

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

    @Test
    void aBrokenCallsDataLeavesTheConnectionItsWindow() throws Exception {
        try (RawHttp2 client = brokenAndNewCall()) {
            for (int i = 0; i < 100; i++) {
                client.data(1, 0, new byte[1000]);
            }
            for (int givenBack = 0; givenBack < 100; ) {
                RawHttp2.Frame frame = client.await(0); // or fails, as none comes
                if (frame.type() == RawHttp2.WINDOW_UPDATE
                        && ByteBuffer.wrap(frame.payload()).getInt() == 1000) {
                    givenBack++;
                }
            }
            client.call(5, "ListModels", ListModelsRequest.getDefaultInstance());
            assertThat(client.awaitEnd(5).type(), is(RawHttp2.HEADERS));
            assertNewCallFinishes(client);
        }
    }

    @Test
    void aRequestMayComeWhileItsMetadataIsRefused() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            for (int stream = 1; stream < 2 * ROUNDS; stream += 2) {
                slowCall(client, stream, "ListModels", Map.of("odd-bin", "~~~"));
                assertThat(client.awaitEnd(stream).type(), is(RawHttp2.HEADERS));
            }
        }
    }

    @Test
    void aRequestMayComeWhileItsMethodIsFoundUnknown() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            for (int stream = 1; stream < 2 * ROUNDS; stream += 2) {
                slowCall(client, stream, "Paint", Map.of());
                assertThat(client.awaitEnd(stream).type(), is(RawHttp2.HEADERS));
            }
        }
    }

    @Test
    void theRestOfARequestMayComeWhileItsBeginningIsRefused() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            for (int stream = 1; stream < 2 * ROUNDS; stream += 2) {
                client.gather();
                client.headers(stream, "GetJob", Map.of());
                client.unreadableBeginning(stream);
                client.manyPings();
                client.data(stream, 0, new byte[100]);
                client.data(stream, RawHttp2.END_STREAM, new byte[100]);
                client.sendTogether();
                assertThat(client.awaitEnd(stream).type(), is(RawHttp2.HEADERS));
            }
        }
    }

    @Test
    void aResetMayComeBehindTheNextCallWhileItsOwnEnds() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            for (int stream = 1; stream < 4 * ROUNDS; stream += 4) {
                client.gather();
                client.call(stream, "ListModels", ListModelsRequest.getDefaultInstance());
                client.manyPings();
                client.headers(stream + 2, "ListModels", Map.of());
                client.reset(stream);
                client.message(stream + 2, ListModelsRequest.getDefaultInstance());
                client.sendTogether();
                assertThat(client.awaitEnd(stream + 2).type(), is(RawHttp2.HEADERS));
            }
        }
    }

    @Test
    void brokenCallsLeaveNothingBehind() throws Exception {
        try (GrpcFixture deaf = GrpcFixture.start(folder.resolve("deaf"), new DeafClients());
                RawHttp2 client = RawHttp2.connect(deaf.port())) {
            int calls = 1100; // more than may be open at the same time
            for (int call = 0; call < calls; call++) {
                client.call(2 * call + 1, "ListModels", ListModelsRequest.getDefaultInstance());
                assertThat(client.awaitEnd(2 * call + 1).type(), is(RawHttp2.RST_STREAM));
            }
        }
    }

    /** A call whose request comes with its headers, but is read when the server has had time to end it. */
    private static void slowCall(RawHttp2 client, int stream, String method, Map<String, String> metadata)
            throws Exception {
        client.gather();
        client.headers(stream, method, metadata);
        client.manyPings();
        client.message(stream, ListModelsRequest.getDefaultInstance());
        client.sendTogether();
    }

    /** Stream 1 was reset by the server with more to come; stream 3 is being drawn. */
    private RawHttp2 brokenAndNewCall() throws Exception {
        RawHttp2 client = RawHttp2.connect(server.port());
        breakOff(client, 1);
        client.call(3, "Generate", prompt("newer", 1));
        server.pipeline.awaitStart();
        return client;
    }

    /** Helidon by itself resets a stream with more data than was announced. */
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

    /** A service whose clients have gone, or take nothing, when it is to answer. */
    private static final class DeafClients implements BindableService {

        @Override
        public ServerServiceDefinition bindService() {
            return ServerInterceptors.intercept(
                    new ImageGenerationGrpc.ImageGenerationImplBase() {}, new FailingWrites());
        }
    }

    private static final class FailingWrites implements ServerInterceptor {

        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            return new ServerCall.Listener<>() {
                @Override
                public void onReady() {
                    call.request(1);
                }

                @Override
                public void onHalfClose() {
                    throw new CloseConnectionException("the client has gone");
                }
            };
        }
    }
}
