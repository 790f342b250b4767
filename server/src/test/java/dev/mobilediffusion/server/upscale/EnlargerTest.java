package dev.mobilediffusion.server.upscale;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.upscale.Upscalers;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.machine.ComputeTurns;
import dev.mobilediffusion.server.machine.DeviceGuard;
import dev.mobilediffusion.server.machine.DeviceLimits;
import dev.mobilediffusion.server.machine.Machine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who gets a turn. */
final class EnlargerTest {

    private static final ComputeTurns TURNS =
            new ComputeTurns(DeviceGuard.start(Machine.at(Path.of("/nowhere")), DeviceLimits.DEFAULT));

    private static final ClientId PHONE = ClientId.ofKey("phone");

    @TempDir
    private Path folder;

    private final List<ClientId> counted = new ArrayList<>();

    @Test
    void eachTurnIsCountedAndGivenBack() {
        Enlarger enlarger = enlarger();

        for (int i = 0; i < 2 * WaitingLine.MAX; i++) {
            enlarger.enter(PHONE).close();
        }

        assertThat(counted.size(), is(2 * WaitingLine.MAX));
    }

    @Test
    void whoHadEnoughGetsNone() {
        Enlarger enlarger = new Enlarger(new Upscalers(folder, RuntimeOptions.defaults()), TURNS, client -> {
            throw ApiException.of(ErrorCode.RATE_LIMIT_EXCEEDED, "enough of " + client);
        });

        ApiException refusal = assertThrows(ApiException.class, () -> enlarger.enter(PHONE));

        assertThat(refusal.getMessage(), is("enough of key:phone"));
    }

    @Test
    void aLineIsBoundedForAllAndForEachClient() {
        WaitingLine line = new WaitingLine();
        line.join(PHONE);
        line.join(PHONE);

        ApiException own = assertThrows(ApiException.class, () -> line.join(PHONE));
        for (int i = WaitingLine.MAX_OF_CLIENT; i < WaitingLine.MAX; i++) {
            line.join(ClientId.ofKey("other" + i));
        }
        ApiException full = assertThrows(ApiException.class, () -> line.join(ClientId.ofKey("late")));
        line.leave(PHONE);
        line.join(ClientId.ofKey("late"));

        assertThat(
                List.of(own.getMessage(), full.getMessage()),
                contains(
                        "at most 8 pictures may wait to be enlarged, 2 of one client; there are 2 and 2",
                        "at most 8 pictures may wait to be enlarged, 2 of one client; there are 8 and 0"));
        assertThat(full.retryAfter().isPresent(), is(true));
    }

    @Test
    void imagesThatAreDrawnAndThoseThatAreEnlargedTakeTurns() throws Exception {
        Enlarger enlarger = enlarger();
        List<String> order = new CopyOnWriteArrayList<>();
        ComputeTurns.Turn first = TURNS.take();
        Thread enlarging = Thread.ofVirtual().start(() -> {
            enlarger.enter(PHONE).close();
            order.add("enlarged");
        });
        awaitWaiting(1);
        Thread drawing = Thread.ofVirtual().start(() -> {
            try (ComputeTurns.Turn turn = TURNS.take()) {
                enlarging.join();
                order.add("drawn");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        awaitWaiting(2);
        assertThat(order, is(empty()));

        first.close();
        drawing.join();

        assertThat(order, contains("enlarged", "drawn"));
    }

    private static void awaitWaiting(int count) throws InterruptedException {
        while (TURNS.waiting() < count) {
            Thread.sleep(5);
        }
    }

    private Enlarger enlarger() {
        return new Enlarger(new Upscalers(folder, RuntimeOptions.defaults()), TURNS, counted::add);
    }
}
