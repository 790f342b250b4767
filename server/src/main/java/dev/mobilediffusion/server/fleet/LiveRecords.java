package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.nats.NatsErrors;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.PurgeOptions;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.KeyValueOperation;
import io.nats.client.api.KeyValueWatcher;
import io.nats.client.api.StreamInfoOptions;
import io.nats.client.impl.NatsKeyValueWatchSubscription;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The records of all jobs of the fleet. Those that have not ended are known here at any time, by watching their bucket.
 * A record changes only from the revision that was read, so of two boards that end a job one does. Thread-safe.
 */
final class LiveRecords {

    private static final System.Logger LOG = System.getLogger(LiveRecords.class.getName());
    private static final int ROOM_TO_GROW = 8 << 10;
    private static final String SUBJECT = "$KV." + Names.LIVE + ".";

    private final Supplier<Connection> connection;
    private final Consumer<JobRecord> changed;
    private final Map<String, Versioned> live = new ConcurrentHashMap<>();
    private volatile Optional<NatsKeyValueWatchSubscription> watch = Optional.empty();

    private record Versioned(JobRecord job, long revision) {}

    /** @param changed hears of each new state of a job, on NATS's thread */
    LiveRecords(Supplier<Connection> connection, Consumer<JobRecord> changed) {
        this.connection = connection;
        this.changed = changed;
    }

    /** Begins to watch, anew after a connection was lost. */
    void join(Connection nats) throws IOException, JetStreamApiException, InterruptedException {
        watch.ifPresent(NatsKeyValueWatchSubscription::unsubscribe);
        live.clear();
        watch = Optional.of(nats.keyValue(Names.LIVE).watchAll(new KeyValueWatcher() {
            @Override
            public void watch(KeyValueEntry entry) {
                take(entry);
            }

            @Override
            public void endOfData() {}
        }));
    }

    /** Jobs that have not ended, in no order. */
    List<JobRecord> all() {
        return live.values().stream()
                .map(Versioned::job)
                .filter(job -> !job.state().isFinal())
                .toList();
    }

    /** Jobs whose end is decided and that are not moved to the ended ones yet. */
    List<JobRecord> ending() {
        return live.values().stream()
                .map(Versioned::job)
                .filter(job -> job.state().isFinal())
                .toList();
    }

    boolean isLive(String id) {
        return live.containsKey(id);
    }

    /** Puts in a new job; false where it is there. */
    boolean create(JobRecord job) {
        return NatsErrors.call(() -> {
            try {
                keep(job, bucket().create(job.id(), fitting(Json.write(job))));
                return true;
            } catch (JetStreamApiException e) {
                return otherwise(e, false);
            }
        });
    }

    /**
     * Forgets jobs that are not in the bucket any more: a watch is not told of a removal without a marker, and passes over
     * states that came and went while its board was slow or cut off.
     */
    void forgetMissing() {
        Map<String, Versioned> before = Map.copyOf(live);
        Set<String> there = NatsErrors.call(() -> connection
                .get()
                .jetStreamManagement()
                .getStreamInfo("KV_" + Names.LIVE, StreamInfoOptions.filterSubjects(SUBJECT + ">"))
                .getStreamState()
                .getSubjectMap()
                .keySet());
        before.forEach((id, known) -> {
            if (!there.contains(SUBJECT + id)) {
                live.remove(id, known);
            }
        });
    }

    /** A job, live or ended. */
    Optional<JobRecord> find(String id) {
        Optional<JobRecord> known = Optional.ofNullable(live.get(id)).map(Versioned::job);
        if (known.isPresent()) {
            return known;
        }
        return NatsErrors.call(() -> {
            Optional<JobRecord> current = read(id).map(Versioned::job);
            return current.isPresent()
                    ? current
                    : Optional.ofNullable(connection.get().keyValue(Names.ENDED).get(Names.job(id)))
                            .flatMap(entry -> Json.readJob(entry.getValue()));
        });
    }

    /**
     * Changes a live job.
     *
     * @param change from what it is to what it shall be; empty to leave it
     * @return the job as it is after the change; empty where nothing was changed, or there is no such live job
     */
    Optional<JobRecord> update(String id, Function<JobRecord, Optional<JobRecord>> change) {
        return NatsErrors.call(() -> {
            Optional<Versioned> current = Optional.ofNullable(live.get(id)).or(() -> NatsErrors.call(() -> read(id)));
            while (current.isPresent()) {
                Optional<JobRecord> next = change.apply(current.get().job());
                if (next.isEmpty()) {
                    return next;
                }
                try {
                    keep(
                            next.get(),
                            bucket().update(
                                            id,
                                            Json.write(next.get()),
                                            current.get().revision()));
                    return next;
                } catch (JetStreamApiException e) {
                    current = otherwise(e, Optional.<Versioned>empty()).or(() -> NatsErrors.call(() -> read(id)));
                }
            }
            return Optional.empty();
        });
    }

    /** Moves a job whose end is decided to the ended ones, where it stays as long as they are kept. Safe to repeat. */
    void moveEnded(JobRecord job) {
        NatsErrors.call(() -> {
            long unused = connection.get().keyValue(Names.ENDED).put(Names.job(job.id()), Json.write(job));
            // Without a marker: prompts shall not stay, and markers would for ever
            connection
                    .get()
                    .jetStreamManagement()
                    .purgeStream("KV_" + Names.LIVE, PurgeOptions.subject(SUBJECT + job.id()));
            live.remove(job.id());
            return null;
        });
    }

    /** The job that was first under {@code key}: {@code id}, unless there was one before. */
    String claim(String key, String id) {
        return NatsErrors.call(() -> {
            KeyValue ended = connection.get().keyValue(Names.ENDED);
            try {
                long unused = ended.create(key, id.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                return id;
            } catch (JetStreamApiException e) {
                KeyValueEntry first = otherwise(e, ended.get(key));
                if (first == null || first.getValue() == null) {
                    throw ApiException.of(
                            ErrorCode.STORAGE_UNAVAILABLE, "the fleet lost an idempotency key; try again");
                }
                return first.getValueAsString();
            }
        });
    }

    private void take(KeyValueEntry entry) {
        if (entry.getOperation() != KeyValueOperation.PUT) {
            live.remove(entry.getKey());
            return;
        }
        Optional<JobRecord> job =
                Json.readJob(entry.getValue()).filter(found -> found.id().equals(entry.getKey()));
        if (job.isEmpty()) {
            LOG.log(System.Logger.Level.WARNING, "fleet: {0} holds no job and is passed over", entry.getKey());
            return;
        }
        keep(job.get(), entry.getRevision());
        changed.accept(job.get());
    }

    private void keep(JobRecord job, long revision) {
        live.merge(
                job.id(), new Versioned(job, revision), (old, next) -> old.revision() < next.revision() ? next : old);
    }

    private Optional<Versioned> read(String id) throws IOException, JetStreamApiException {
        live.remove(id);
        return Optional.ofNullable(bucket().get(id))
                .flatMap(entry -> Json.readJob(entry.getValue()).map(job -> new Versioned(job, entry.getRevision())));
    }

    /** A record with room for the images that it will tell of. */
    private byte[] fitting(byte[] record) {
        long most = connection.get().getMaxPayload();
        if (record.length + ROOM_TO_GROW > most) {
            throw NatsErrors.tooLarge("the job", most);
        }
        return record;
    }

    private KeyValue bucket() throws IOException {
        return connection.get().keyValue(Names.LIVE);
    }

    private static <T> T otherwise(JetStreamApiException failure, T value) throws JetStreamApiException {
        if (failure.getApiErrorCode() != NatsErrors.WRONG_LAST_SEQUENCE) {
            throw failure;
        }
        return value;
    }
}
