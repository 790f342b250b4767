package dev.mobilediffusion.server.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.nats.NatsErrors;
import dev.mobilediffusion.server.queue.BoardStatus;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.KeyValueOperation;
import io.nats.client.api.KeyValueWatcher;
import io.nats.client.impl.NatsKeyValueWatchSubscription;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** The boards of the fleet: each tells of itself every two seconds, and who says nothing for ten is gone. Thread-safe. */
final class Boards {

    static final Duration EVERY = Duration.ofSeconds(2);
    static final Duration GONE = Duration.ofSeconds(10);

    private final String self;
    private final FleetClock clock;
    private final Supplier<BoardStatus> status;
    private final Map<String, Heard> boards = new ConcurrentHashMap<>();
    private final Set<String> resting = ConcurrentHashMap.newKeySet();
    private volatile Optional<NatsKeyValueWatchSubscription> watch = Optional.empty();

    /** @param nanos of {@link System#nanoTime}, when it was heard: clocks of boards may differ by hours */
    private record Heard(BoardStatus status, long nanos) {}

    Boards(String self, FleetClock clock, Supplier<BoardStatus> status) {
        this.self = self;
        this.clock = clock;
        this.status = status;
    }

    void join(Connection nats) throws IOException, JetStreamApiException, InterruptedException {
        watch.ifPresent(NatsKeyValueWatchSubscription::unsubscribe);
        tell(nats);
        watch = Optional.of(nats.keyValue(Names.BOARDS).watchAll(new KeyValueWatcher() {
            @Override
            public void watch(KeyValueEntry entry) {
                take(entry);
            }

            @Override
            public void endOfData() {}
        }));
    }

    /** Tells the others of this board. */
    void tell(Connection nats) {
        long unused = NatsErrors.call(() -> nats.keyValue(Names.BOARDS).put("board." + self, write(status.get())));
    }

    /** Tells the others that this board leaves. */
    void leave(Connection nats) throws IOException, JetStreamApiException {
        nats.keyValue(Names.BOARDS).delete("board." + self);
    }

    /** Boards that were heard lately, by name; this one among them. */
    List<BoardStatus> all() {
        long now = System.nanoTime();
        List<BoardStatus> found = new ArrayList<>(boards.values().stream()
                .filter(heard -> now - heard.nanos() < GONE.toNanos())
                .map(Heard::status)
                .filter(board -> !board.name().equals(self))
                .map(board -> board.withResting(resting.contains(board.name())))
                .toList());
        found.add(status.get().withResting(resting.contains(self)));
        found.sort(Comparator.comparing(BoardStatus::name));
        return found;
    }

    /** Whether the owner told this board to draw nothing. */
    boolean isResting() {
        return resting.contains(self);
    }

    /** Jobs that may wait in the fleet. */
    int capacity() {
        return all().stream().mapToInt(BoardStatus::capacity).sum();
    }

    /** Time per image of all boards together. */
    Duration timePerImage() {
        double perSecond = all().stream()
                .filter(board -> !board.resting())
                .mapToDouble(board -> 1 / board.secondsPerImage())
                .sum();
        return Duration.ofNanos((long) (1e9 / Math.max(perSecond, 1e-3)));
    }

    /** Tells a board to rest, or to draw again; it goes on answering. */
    static void rest(KeyValue bucket, String board, boolean rest) throws IOException, JetStreamApiException {
        if (rest) {
            long unused = bucket.put(Names.DRAIN + board, "1");
        } else {
            bucket.delete(Names.DRAIN + board);
        }
    }

    private void take(KeyValueEntry entry) {
        boolean put = entry.getOperation() == KeyValueOperation.PUT;
        if (entry.getKey().startsWith(Names.DRAIN)) {
            String board = entry.getKey().substring(Names.DRAIN.length());
            boolean unused = put ? resting.add(board) : resting.remove(board);
            return;
        }
        if (!entry.getKey().startsWith("board.")) {
            return;
        }
        String name = entry.getKey().substring("board.".length());
        Optional<BoardStatus> told = put ? Json.read(entry.getValue()).flatMap(Boards::read) : Optional.empty();
        if (told.isEmpty()) {
            boards.remove(name);
            return;
        }
        boards.put(name, new Heard(told.get(), System.nanoTime()));
        if (name.equals(self)) {
            clock.set(entry.getCreated().toInstant());
        }
    }

    static byte[] write(BoardStatus board) {
        ObjectNode node = Json.object()
                .put("v", Names.SCHEMA)
                .put("name", board.name())
                .put("version", board.version())
                .put("capacity", board.capacity())
                .put("seconds_per_image", board.secondsPerImage())
                .put("drawing", board.drawing());
        board.models().forEach(node.putArray("models")::add);
        board.celsius().ifPresent(celsius -> node.put("celsius", celsius));
        return Json.bytes(node);
    }

    static Optional<BoardStatus> read(JsonNode node) {
        List<String> models = new ArrayList<>();
        node.path("models").forEach(model -> models.add(model.asText()));
        double seconds = node.path("seconds_per_image").asDouble();
        if (!node.hasNonNull("name") || !(seconds > 0)) {
            return Optional.empty();
        }
        return Optional.of(new BoardStatus(
                node.get("name").asText(),
                node.path("version").asText(),
                models,
                node.path("capacity").asInt(),
                seconds,
                node.path("drawing").asInt(),
                node.has("celsius") ? Optional.of(node.get("celsius").asDouble()) : Optional.empty(),
                false));
    }
}
