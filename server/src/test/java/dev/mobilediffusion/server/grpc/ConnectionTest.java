package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.await;
import static dev.mobilediffusion.server.grpc.GrpcFixture.prompt;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Clients that cancel, come late or vanish: their job goes, their neighbours on the same connection stay. */
final class ConnectionTest {

    @RegisterExtension
    private final GrpcFixture server = GrpcFixture.gated();

    @Test
    void oneOfFourParallelCallsIsCancelledAndTheOthersFinish() throws Exception {
        List<Generation> calls = server.generateInOrder(4);

        calls.get(1).cancel();

        await(() -> server.queue.depth() == 2);
        server.pipeline.allow(3);
        assertThat(calls.get(0).awaitEnd(), is(Status.OK));
        assertThat(calls.get(1).awaitEnd().getCode(), is(Status.Code.CANCELLED));
        assertThat(calls.get(2).awaitEnd(), is(Status.OK));
        assertThat(calls.get(3).awaitEnd(), is(Status.OK));
        assertThat(server.pipeline.finished(), hasSize(3));
    }

    @Test
    void theCallWhoseImageIsBeingDrawnIsCancelledAndTheNextIsDrawn() throws Exception {
        List<Generation> calls = server.generateInOrder(2);

        calls.get(0).cancel();

        assertThat(server.pipeline.awaitStart().seed(), is(2L));
        server.pipeline.allow(1);
        assertThat(calls.get(1).awaitEnd(), is(Status.OK));
        assertThat(server.outcomes, is(List.of("cancelled", "success")));
    }

    @Test
    void aClientsDeadlineCancelsItsJob() throws Exception {
        Generation running = server.generate("picture", 1);
        server.pipeline.awaitStart();
        Generation late =
                Generation.start(server.asyncStub().withDeadlineAfter(Duration.ofMillis(300)), prompt("picture", 2));

        assertThat(late.awaitEnd().getCode(), is(Status.Code.DEADLINE_EXCEEDED));

        await(() -> server.queue.depth() == 0);
        server.pipeline.allow(1);
        assertThat(running.awaitEnd(), is(Status.OK));
    }

    @Test
    void callsThatAreCancelledInTheMiddleOfTheirEventsLeaveTheConnectionAlone() throws Exception {
        server.pipeline.allow(1000);
        List<Generation> kept = new ArrayList<>();
        for (int round = 0; round < 100; round++) {
            Generation cancelled = server.generate("cancelled", round);
            kept.add(server.generate("kept", round));
            await(() -> !cancelled.events().isEmpty());
            cancelled.cancel();
            // Or the queue would be full
            kept.get(round).awaitEnd();
        }
        for (Generation call : kept) {
            assertThat(call.awaitEnd(), is(Status.OK));
        }
    }

    @Test
    void aStreamThatIsResetTwiceLeavesTheConnectionAlone() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            client.call(1, "Generate", prompt("first", 1));
            client.await(1);
            client.call(3, "Generate", prompt("second", 2));
            client.await(3);
            client.reset(1);
            client.call(5, "ListModels", ListModelsRequest.getDefaultInstance());
            client.awaitEnd(5);
            client.reset(1);
            client.slowPing();

            server.pipeline.allow(1);
            assertThat(client.awaitEnd(3).type(), is(RawHttp2.HEADERS));
        }
    }

    @Test
    void aStreamThatIsResetAfterItsEndLeavesTheConnectionAlone() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            client.call(1, "ListModels", ListModelsRequest.getDefaultInstance());
            client.awaitEnd(1);
            client.call(3, "Generate", prompt("second", 2));
            client.await(3);
            client.reset(1);

            server.pipeline.allow(1);
            assertThat(client.awaitEnd(3).type(), is(RawHttp2.HEADERS));
        }
    }

    @Test
    void metadataThatCannotBeReadEndsItsCallAlone() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            int calls = 1100; // more than may be open at the same time
            for (int call = 0; call < calls; call++) {
                client.headers(2 * call + 1, "ListModels", Map.of("odd-bin", "~~~"));
                assertThat(client.awaitEnd(2 * call + 1).type(), is(RawHttp2.RST_STREAM));
            }
            client.call(2 * calls + 1, "ListModels", ListModelsRequest.getDefaultInstance());
            assertThat(client.await(2 * calls + 1).flags() & RawHttp2.END_STREAM, is(0));
        }
    }

    @Test
    void messagesThatCannotBeReadLeaveNothingBehind() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            int calls = 1100; // more than may be open at the same time
            for (int call = 0; call < calls; call++) {
                client.headers(2 * call + 1, "GetJob", Map.of());
                client.unreadable(2 * call + 1);
                assertThat(client.awaitEnd(2 * call + 1).type(), is(RawHttp2.HEADERS));
            }
            client.call(2 * calls + 1, "ListModels", ListModelsRequest.getDefaultInstance());
            assertThat(client.await(2 * calls + 1).flags() & RawHttp2.END_STREAM, is(0));
        }
    }

    @Test
    void aClientThatVanishesCancelsItsRunningJob() throws Exception {
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            client.call(1, "Generate", prompt("gone", 1));
            server.pipeline.awaitStart();
        }
        Generation next = server.generate("next", 2);

        // No permission was given: only the cancel lets the worker go on
        assertThat(server.pipeline.awaitStart().seed(), is(2L));
        server.pipeline.allow(1);
        assertThat(next.awaitEnd(), is(Status.OK));
        assertThat(server.outcomes, hasItem("cancelled"));
    }

    @Test
    void aClientThatVanishesCancelsItsWaitingJobs() throws Exception {
        Generation running = server.generate("running", 1);
        server.pipeline.awaitStart();
        try (RawHttp2 client = RawHttp2.connect(server.port())) {
            client.call(1, "Generate", prompt("gone", 2));
            client.call(3, "Generate", prompt("gone", 3));
            await(() -> server.queue.depth() == 2);
        }
        await(() -> server.queue.depth() == 0);
        server.pipeline.allow(1);
        assertThat(running.awaitEnd(), is(Status.OK));
    }

    @Test
    void aCallThatWaitsLongerThanTheIdleTimeoutIsNotCutOff() throws Exception {
        Duration idleTimeout = Duration.ofMillis(200);
        try (GrpcFixture hasty =
                GrpcFixture.start(server.folder().resolve("hasty"), FakePipeline.gated(), idleTimeout)) {
            Generation call = hasty.generate("slow", 1);
            hasty.pipeline.awaitStart();

            Thread.sleep(idleTimeout.multipliedBy(4));

            for (int i = 0; i < 3; i++) {
                hasty.stub().listModels(ListModelsRequest.getDefaultInstance());
            }
            hasty.pipeline.allow(1);
            assertThat(call.awaitEnd(), is(Status.OK));
        }
    }

    @Test
    void manyCancelledCallsAreNoAttack() throws Exception {
        Generation kept = server.generate("kept", 1);
        server.pipeline.awaitStart();
        for (int seed = 2; seed <= 80; seed++) {
            Generation cancelled = server.generate("cancelled", seed);
            await(() -> server.queue.depth() == 1);
            cancelled.cancel();
            await(() -> server.queue.depth() == 0);
        }
        server.pipeline.allow(1);
        assertThat(kept.awaitEnd(), is(Status.OK));
    }

    @Test
    void aServerThatStopsEndsEveryCallWithAStatus() throws Exception {
        List<Generation> calls = server.generateInOrder(3);

        server.queue.drain();

        server.pipeline.allow(1);
        assertThat(calls.get(0).awaitEnd(), is(Status.OK));
        List<Status.Code> waiting = List.of(
                calls.get(1).awaitEnd().getCode(), calls.get(2).awaitEnd().getCode());
        assertThat(waiting, everyItem(is(Status.Code.UNAVAILABLE)));
    }
}
