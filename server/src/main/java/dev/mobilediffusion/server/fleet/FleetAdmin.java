package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.nats.NatsErrors;
import dev.mobilediffusion.server.nats.NatsLink;
import dev.mobilediffusion.server.nats.StreamCopy;
import dev.mobilediffusion.server.queue.BoardStatus;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
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

    private static final System.Logger LOG = System.getLogger(FleetAdmin.class.getName());

    private static final String CLOCK = "clock.admin";

    /** All but the boards' signs of life; unfinished jobs last, so that none is begun before all is there. */
    private static final List<String> MOVED =
            List.of("OBJ_" + Names.IMAGES, Names.EVENTS, "KV_" + Names.ENDED, "KV_" + Names.LIVE, Names.WORK);

    private final Connection nats;
    private final FleetOptions options;
    private final KeyValue boards;

    private FleetAdmin(Connection nats, FleetOptions options) throws IOException {
        this.nats = nats;
        this.options = options;
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
            return new FleetAdmin(nats, options);
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

    /**
     * Fills this fleet's NATS, which holds nothing yet, with the jobs and images of another. No board may be at either.
     *
     * @throws FleetException with a sentence where that cannot be; then this NATS holds nothing, as before
     */
    public void fill(FleetAdmin from) {
        from.requireNobody("the other NATS");
        requireNobody("the fleet's NATS");
        call(() -> {
            JetStreamManagement streams = nats.jetStreamManagement();
            for (String stream : MOVED) {
                long held = streams.getStreamInfo(stream).getStreamState().getMsgCount();
                if (held > 0) {
                    throw new FleetException(
                            "the fleet's NATS already holds %s messages in %s; only an empty one can be filled"
                                    .formatted(held, stream),
                            null);
                }
            }
            return null;
        });
        try {
            call(() -> {
                for (String stream : MOVED) {
                    boolean unused = nats.jetStreamManagement().deleteStream(stream);
                    StreamCopy.copy(from.nats, nats, stream);
                }
                return null;
            });
        } catch (RuntimeException e) {
            empty();
            throw e;
        } finally {
            call(() -> {
                FleetSetup.run(nats, options); // raises the copies, and makes what is missing
                return null;
            });
        }
    }

    private void requireNobody(String where) {
        List<String> there = boards().stream().map(BoardStatus::name).toList();
        if (!there.isEmpty()) {
            throw new FleetException(
                    "stop these boards first, they use %s: %s; one that was stopped just now is forgotten after %s s"
                            .formatted(where, String.join(", ", there), Boards.GONE.toSeconds()),
                    null);
        }
    }

    private void empty() {
        for (String stream : MOVED) {
            try {
                boolean unused = nats.jetStreamManagement().deleteStream(stream);
            } catch (IOException | JetStreamApiException absent) {
                LOG.log(System.Logger.Level.DEBUG, "nothing of {0} was copied", stream);
            }
        }
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
