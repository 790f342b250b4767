package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.await;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a client, with a key or without one, can hold open. */
final class BoundsTest {

    @TempDir
    private Path folder;

    @Test
    void connectionsBeyondTheLimitAreClosedAndTheirPlacesAreGivenBack() throws Exception {
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick())) {
            List<Socket> open = new ArrayList<>();
            try {
                for (int i = 0; i < GrpcFixture.MAX_CONNECTIONS; i++) {
                    open.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
                }
                await(() -> isRefused(server.port()));
            } finally {
                for (Socket each : open) {
                    each.close();
                }
            }
            await(() -> !isRefused(server.port()));
            HealthGrpc.newBlockingStub(server.channel)
                    .withDeadlineAfter(Duration.ofSeconds(20))
                    .check(HealthCheckRequest.getDefaultInstance());
        }
    }

    @Test
    void aConnectionThatSaysNothingIsClosed() throws Exception {
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick(), Duration.ofMillis(200));
                Socket silent = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            silent.setSoTimeout(20_000);
            while (silent.getInputStream().read() >= 0) {
                // the server's own settings, and its goodbye
            }
        }
    }

    /** grpc-java would keep every event of a client that reads none. */
    @Test
    void aClientThatReadsNothingIsSentNothingMore() throws Exception {
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick())) {
            AtomicInteger received = new AtomicInteger();
            CompletableFuture<Status> end = new CompletableFuture<>();
            ClientCall<GenerateRequest, JobEvent> call =
                    server.channel.newCall(ImageGenerationGrpc.getGenerateMethod(), CallOptions.DEFAULT);
            call.start(
                    new ClientCall.Listener<>() {
                        @Override
                        public void onMessage(JobEvent event) {
                            received.incrementAndGet();
                            call.request(1);
                        }

                        @Override
                        public void onClose(Status status, Metadata trailers) {
                            end.complete(status);
                        }
                    },
                    new Metadata());
            call.sendMessage(large(7).toBuilder().setN(10).build());
            call.halfClose();
            await(() -> server.pipeline.finished().size() == 10);
            assertThat(end.isDone(), is(false));
            assertThat(received.get(), is(lessThan(10)));

            call.request(1); // now it reads, and all is there
            assertThat(end.get(20, TimeUnit.SECONDS).getCode(), is(Status.Code.OK));
        }
    }

    @Test
    void whatAClientLeavesUnreadIsBoundedOverAllOfItsCallsAndOthersAreServed() throws Exception {
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick());
                RawHttp2 greedy = RawHttp2.connect(server.port())) {
            int calls = 20;
            for (int i = 0; i < calls; i++) {
                greedy.call(2 * i + 1, "Generate", large(i));
                int finished = i + 1;
                await(() -> server.pipeline.finished().size() == finished);
            }
            await(() -> server.api.unreadBytes() > GrpcApi.MAX_UNREAD_BYTES_OF_CLIENT * 3 / 4);
            assertThat(server.api.unreadBytes(), is(lessThan(GrpcApi.MAX_UNREAD_BYTES_OF_CLIENT + 1)));

            ManagedChannel other = GrpcFixture.channelFrom("127.0.0.2", server.port());
            try {
                Generation served = Generation.start(ImageGenerationGrpc.newStub(other), large(calls));
                assertThat(served.awaitEnd().getCode(), is(Status.Code.OK));
            } finally {
                other.shutdownNow();
            }
            assertThat(server.api.unreadBytes(), is(lessThan(GrpcApi.MAX_UNREAD_BYTES_OF_CLIENT + 1)));
        }
    }

    /** A status would wait behind the unread image, and keep it in memory as long as the connection is open. */
    @Test
    void theConnectionOfACallThatIsNotReadIsClosedAndItsBytesAreGivenBack() throws Exception {
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick(), Duration.ofSeconds(1));
                RawHttp2 client = RawHttp2.connect(server.port())) {
            client.call(1, "Generate", large(1).toBuilder().setN(2).build());

            assertThrows(EOFException.class, () -> client.awaitEnd(1));
            await(() -> server.api.unreadBytes() == 0);
        }
    }

    /** An image that is more than the first window of HTTP/2 takes. */
    private static GenerateRequest large(long seed) {
        return GrpcFixture.prompt("large", seed).toBuilder()
                .setWidth(512)
                .setHeight(512)
                .build();
    }

    private static boolean isRefused(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(300);
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}
