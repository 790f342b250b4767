package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A job as NATS holds it. Immutable; a change is a new record in the place of the one it was made from.
 *
 * @param begun images that some board has begun, by index
 * @param images finished images with the objects that hold them, by index
 */
record JobRecord(
        String id,
        ClientId client,
        JobSpec spec,
        Instant createdAt,
        JobState state,
        Optional<Instant> startedAt,
        Optional<Instant> finishedAt,
        Optional<JobError> error,
        SortedSet<Integer> begun,
        SortedMap<Integer, StoredObject> images) {

    /**
     * An image in the object store.
     *
     * @param image its content is {@link dev.mobilediffusion.server.job.ImageContent} of nothing
     * @param object its name in the store
     * @param bytes its size
     */
    record StoredObject(JobImage image, String object, long bytes) {}

    JobRecord {
        begun = new TreeSet<>(begun);
        images = new TreeMap<>(images);
    }

    static JobRecord queued(String id, ClientId client, JobSpec spec, Instant now) {
        return new JobRecord(
                id,
                client,
                spec,
                now,
                JobState.QUEUED,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                new TreeSet<>(),
                new TreeMap<>());
    }

    boolean isLate(Instant now) {
        return spec.timeout().isPresent()
                && !now.isBefore(createdAt.plus(spec.timeout().get()));
    }

    /** Images that no board has begun. */
    int waiting() {
        return state.isFinal()
                ? 0
                : (int) missing().stream()
                        .filter(index -> !begun.contains(index))
                        .count();
    }

    /** Images that are not finished. */
    Set<Integer> missing() {
        return IntStream.range(0, spec.count())
                .filter(index -> !images.containsKey(index))
                .boxed()
                .collect(Collectors.toCollection(TreeSet::new));
    }

    JobRecord begin(int index, Instant now) {
        SortedSet<Integer> more = new TreeSet<>(begun);
        more.add(index);
        return new JobRecord(
                id,
                client,
                spec,
                createdAt,
                JobState.RUNNING,
                Optional.of(startedAt.orElse(now)),
                finishedAt,
                error,
                more,
                images);
    }

    /** With one more image; succeeded when it was the last. */
    JobRecord with(StoredObject image, Instant now) {
        TreeMap<Integer, StoredObject> more = new TreeMap<>(images);
        more.put(image.image().index(), image);
        boolean whole = more.size() == spec.count();
        return new JobRecord(
                id,
                client,
                spec,
                createdAt,
                whole ? JobState.SUCCEEDED : JobState.RUNNING,
                Optional.of(startedAt.orElse(now)),
                whole ? Optional.of(now) : Optional.empty(),
                error,
                begun,
                more);
    }

    JobRecord end(JobState end, Optional<JobError> why, Instant now) {
        return new JobRecord(id, client, spec, createdAt, end, startedAt, Optional.of(now), why, begun, images);
    }

    /** Whether the image at {@code index} is the one in {@code object}. */
    boolean holds(int index, String object) {
        return Optional.ofNullable(images.get(index))
                .map(StoredObject::object)
                .filter(object::equals)
                .isPresent();
    }
}
