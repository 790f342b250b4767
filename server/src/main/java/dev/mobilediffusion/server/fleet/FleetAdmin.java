package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.nats.NatsErrors;
import dev.mobilediffusion.server.nats.NatsLink;
import dev.mobilediffusion.server.queue.BoardStatus;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.Nats;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What an owner asks of a fleet and tells it, from any machine that reaches its NATS. */
public final class FleetAdmin implements AutoCloseable {

    private static final String CLOCK = "clock.admin";

    private final Connection nats;
    private final KeyValue boards;

    private FleetAdmin(Connection nats) throws IOException {
        this.nats = nats;
        this.boards = nats.keyValue(Names.BOARDS);
    }

    /**
     * Connects to a fleet's NATS, and sees that it can hold a fleet.
     *
     * @throws FleetException with a sentence where that cannot be
     */
    public static FleetAdmin connect(FleetOptions options) {
        NatsLink.Complaint complaint = new NatsLink.Complaint();
        try {
            Connection nats = Nats.connect(
                    NatsLink.natsOptions(options, complaint).maxReconnects(0).build());
            FleetSetup.run(nats, options);
            return new FleetAdmin(nats);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FleetException("interrupted", e);
        } catch (IOException | JetStreamApiException | RuntimeException e) {
            throw new FleetException(NatsLink.sentence(options, complaint, e), e);
        }
    }

    /** Boards that were heard lately, by name. */
    public List<BoardStatus> boards() {
        return call(() -> {
            ZonedDateTime now = now();
            Set<String> resting = new HashSet<>();
            List<BoardStatus> found = new ArrayList<>();
            for (String key : boards.keys()) {
                KeyValueEntry entry = boards.get(key);
                if (key.startsWith(Names.DRAIN)) {
                    resting.add(key.substring(Names.DRAIN.length()));
                } else if (entry != null && entry.getCreated().plus(Boards.GONE).isAfter(now)) {
                    Json.read(entry.getValue()).flatMap(Boards::read).ifPresent(found::add);
                }
            }
            found.sort(Comparator.comparing(BoardStatus::name));
            return found.stream()
                    .map(board -> board.withResting(resting.contains(board.name())))
                    .toList();
        });
    }

    /** Images that wait or are being drawn. */
    public long images() {
        return call(() -> nats.jetStreamManagement()
                .getStreamInfo(Names.WORK)
                .getStreamState()
                .getMsgCount());
    }

    /** Tells a board to draw nothing any more, or to draw again; it goes on answering. */
    public void rest(String board, boolean rest) {
        call(() -> {
            Boards.rest(boards, board, rest);
            return null;
        });
    }

    @Override
    public void close() {
        try {
            nats.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** NATS's time, as it writes it onto a message. */
    private ZonedDateTime now() throws IOException, JetStreamApiException {
        long unused = boards.put(CLOCK, "");
        ZonedDateTime now = boards.get(CLOCK).getCreated();
        boards.purge(CLOCK);
        return now;
    }

    private static <T> T call(NatsErrors.Call<T> call) {
        try {
            return NatsErrors.call(call);
        } catch (RuntimeException e) {
            throw new FleetException(e.getMessage(), e);
        }
    }

    /** The fleet cannot be asked; the message is a sentence. */
    public static final class FleetException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        FleetException(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
