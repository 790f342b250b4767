package dev.mobilediffusion.server.edge;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.TestServer;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients that hang up, do not read, or send the next request too early. */
final class GoneClientTest {

    private static final String PATH = "/v1/images/generations";

    @RegisterExtension
    private final TestServer server = TestServer.gated();

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void aClientThatHangsUpCancelsItsRunningJob(boolean stream, boolean abruptly) throws Exception {
        try (RawClient client = RawClient.connect(server.port())) {
            client.send(RawClient.post(PATH, "{\"prompt\":\"gone\",\"stream\":%s}".formatted(stream)));
            server.pipeline.awaitStart();
            client.hangUp(abruptly);
        }
        // No permission was given: only the cancel lets the worker go on to the next image
        assertNextJobRuns();
    }

    @Test
    void aClientThatHangsUpInTheQueueCancelsItsWaitingJob() throws Exception {
        try (RawClient running = RawClient.connect(server.port());
                RawClient waiting = RawClient.connect(server.port())) {
            running.send(RawClient.post(PATH, "{\"prompt\":\"running\",\"seed\":1}"));
            server.pipeline.awaitStart();
            waiting.send(RawClient.post(PATH, "{\"prompt\":\"waiting\",\"seed\":2}"));
            await(() -> server.queue().depth() == 1);

            waiting.hangUp(false);

            await(() -> server.queue().depth() == 0);
            server.pipeline.allow(1);
            assertThat(running.readReply(), startsWith("HTTP/1.1 200"));
        }
        assertThat(server.pipeline.finished(), hasSize(1));
    }

    @Test
    void aClientWithAnIdempotencyKeyMayHangUpAndComeBack() throws Exception {
        String request = RawClient.post(PATH, "{\"prompt\":\"kept\",\"seed\":1}")
                .replace("\r\n\r\n", "\r\nIdempotency-Key: k\r\n\r\n");
        try (RawClient client = RawClient.connect(server.port())) {
            client.send(request);
            server.pipeline.awaitStart();
        }
        server.pipeline.allow(1);
        try (RawClient client = RawClient.connect(server.port())) {
            client.send(request);
            assertThat(client.readReply(), startsWith("HTTP/1.1 200"));
        }
        assertThat(server.pipeline.finished(), hasSize(1));
    }

    @Test
    void aRequestThatComesWhileTheFirstIsWorkedOnIsAnsweredAfterIt() throws Exception {
        try (RawClient client = RawClient.connect(server.port())) {
            client.send(RawClient.post(PATH, "{\"prompt\":\"first\",\"seed\":1}"));
            server.pipeline.awaitStart();
            client.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
            server.pipeline.allow(1);

            assertThat(client.readReply(), containsString("\"seed\":1"));
            assertThat(client.readReply(), containsString("alive"));
        }
    }

    @Test
    void oneConnectionCarriesManyRequests() throws Exception {
        server.pipeline.allow(5);
        try (RawClient client = RawClient.connect(server.port())) {
            for (int seed = 1; seed <= 5; seed++) {
                client.send(RawClient.post(PATH, "{\"prompt\":\"again\",\"seed\":%d}".formatted(seed)));
                assertThat(client.readReply(), containsString("\"seed\":" + seed));
            }
        }
    }

    @Test
    void aClientThatNeverReadsHoldsUpNobody() throws Exception {
        server.pipeline.allow(20);
        try (RawClient deaf = RawClient.connect(server.port())) {
            for (int i = 0; i < 3; i++) {
                // The reply is 2048x2048 pixels in base64, more than the buffers of both ends hold
                deaf.send(RawClient.post(PATH, "{\"prompt\":\"deaf\",\"size\":\"2048x2048\"}"));
            }
            server.pipeline.awaitStart();
            assertNextJobRuns();
        }
    }

    private void assertNextJobRuns() throws IOException, InterruptedException {
        try (RawClient next = RawClient.connect(server.port())) {
            next.send(RawClient.post(PATH, "{\"prompt\":\"next\",\"seed\":77}"));
            ImageRequest started = server.pipeline.awaitStart();
            while (started.seed() != 77) {
                started = server.pipeline.awaitStart();
            }
            server.pipeline.allow(1);
            assertThat(next.readReply(), containsString("\"seed\":77"));
        }
        assertThat(server.queue().depth(), is(0));
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 4000 && !condition.getAsBoolean(); i++) {
            Thread.sleep(5);
        }
        assertThat(condition.getAsBoolean(), is(true));
    }
}
