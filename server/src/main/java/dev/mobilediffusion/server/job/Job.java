package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * One request on its way to its pictures. Safe for use by any thread; only this package changes it.
 */
public final class Job {

    private final String id;
    private final JobSpec spec;
    private final ClientId client;
    private final Instant createdAt;
    private final int attempt;
    private final CancelToken cancelToken = new CancelToken();

    private final JobLock lock = new JobLock();
    private final EventLog events;
    private final TreeMap<Integer, JobImage> pictures = new TreeMap<>();
    private JobState state = JobState.QUEUED;
    private Instant startedAt;
    private Instant finishedAt;
    private Stage stage;
    private int step;
    private int steps;
    private JobError error;

    public Job(String id, JobSpec spec, ClientId client, Instant createdAt, int attempt) {
        this(id, spec, client, createdAt, attempt, new EventLog(attempt));
        events.add(JobEvent.Queued::new);
    }

    private Job(String id, JobSpec spec, ClientId client, Instant createdAt, int attempt, EventLog events) {
        this.id = id;
        this.spec = spec;
        this.client = client;
        this.createdAt = createdAt;
        this.attempt = attempt;
        this.events = events;
    }

    /** A job that happens elsewhere: it changes by {@link #apply} and {@link #catchUp} alone. */
    public static Job remote(String id, JobSpec spec, ClientId client, Instant createdAt) {
        return new Job(id, spec, client, createdAt, 0, new EventLog(0));
    }

    /** The same new job with another spec; to be called before anybody knows it. */
    public Job withSpec(JobSpec value) {
        return new Job(id, value, client, createdAt, attempt);
    }

    /** Unguessable, so that knowing it is the permission to see its pictures. */
    public String id() {
        return id;
    }

    public JobSpec spec() {
        return spec;
    }

    public ClientId client() {
        return client;
    }

    public Instant createdAt() {
        return createdAt;
    }

    /** When the job is too late to be worth anything. */
    public Optional<Instant> deadline() {
        return spec.timeout().map(createdAt::plus);
    }

    public JobState state() {
        return lock.locked(() -> state);
    }

    public JobStatus status() {
        return lock.locked(() -> new JobStatus(
                id,
                state,
                createdAt,
                Optional.ofNullable(startedAt),
                Optional.ofNullable(finishedAt),
                Optional.ofNullable(stage),
                step,
                steps,
                List.copyOf(pictures.values()),
                timings(),
                Optional.ofNullable(error)));
    }

    /** Events with an id above {@code id}, oldest first; 0 for all. */
    public List<JobEvent> eventsAfter(long id) {
        return lock.locked(() -> events.after(id));
    }

    /** As {@link #eventsAfter}, but waits up to {@code timeout} for one; empty when none came. */
    public List<JobEvent> awaitEventsAfter(long id, Duration timeout) throws InterruptedException {
        return lock.awaitEvent(timeout, () -> events.after(id));
    }

    /** Waits up to {@code timeout} for the end; whether it came. */
    public boolean awaitFinished(Duration timeout) throws InterruptedException {
        return lock.awaitEnd(timeout, () -> state.isFinal());
    }

    public CancelToken cancelToken() {
        return cancelToken;
    }

    /** How often the server was restarted while the job was unfinished. */
    public int attempt() {
        return attempt;
    }

    public boolean isDurable() {
        return spec.lifetime() == Lifetime.DURABLE;
    }

    /** Whether this call was the one that started the job. */
    public boolean start(Instant now) {
        return lock.locked(() -> {
            if (state != JobState.QUEUED) {
                return false;
            }
            state = JobState.RUNNING;
            startedAt = now;
            publish(JobEvent.Started::new);
            return true;
        });
    }

    public void beginStage(int picture, Stage next) {
        lock.locked(() -> {
            stage = next;
            step = 0;
            steps = 0;
            publish(id -> new JobEvent.StageStarted(id, picture, next));
            return null;
        });
    }

    public void endStep(int picture, int done, int of) {
        lock.locked(() -> {
            step = done;
            steps = of;
            publish(id -> new JobEvent.StepDone(id, picture, done, of));
            return null;
        });
    }

    public void addPreview(int picture, int index, int width, int height, ImageContent content) {
        lock.locked(() -> {
            if (state.isFinal()) {
                content.release();
            } else {
                publish(id -> new JobEvent.Preview(id, picture, index, width, height, content));
            }
            return null;
        });
    }

    /** Whether the job has all its pictures now. */
    public boolean add(JobImage picture) {
        return lock.locked(() -> {
            stage = null;
            if (!state.isFinal()) {
                pictures.put(picture.index(), picture);
                publish(id -> new JobEvent.PictureReady(id, picture));
            } else {
                picture.content().release();
            }
            return pictures.size() == spec.count();
        });
    }

    public boolean has(int picture) {
        return lock.locked(() -> pictures.containsKey(picture));
    }

    /** Whether this call was the one that finished the job; the first one wins. */
    public boolean finish(JobState end, Optional<JobError> why, Instant now) {
        return lock.locked(() -> {
            if (state.isFinal()) {
                return false;
            }
            take(end, why, now);
            publish(id -> new JobEvent.Finished(id, end, why));
            return true;
        });
    }

    /** Puts back what the store knew, without new events for what had not been reached. */
    public Job restore(Optional<Instant> started, List<JobImage> done) {
        return lock.locked(() -> {
            startedAt = started.orElse(null);
            for (JobImage picture : done) {
                pictures.put(picture.index(), picture);
                publish(id -> new JobEvent.PictureReady(id, picture));
            }
            return this;
        });
    }

    /**
     * Takes over what happened elsewhere at {@code at}, under the id that it has there. An event that is not newer than
     * the last is left out, and so is all that comes after the end.
     */
    public void apply(JobEvent event, Instant at) {
        lock.locked(() -> {
            if (!events.append(event)) {
                return null;
            }
            switch (event) {
                case JobEvent.Started started -> {
                    state = state == JobState.QUEUED ? JobState.RUNNING : state;
                    startedAt = startedAt == null ? at : startedAt;
                }
                case JobEvent.StageStarted begun -> {
                    stage = begun.stage();
                    step = 0;
                    steps = 0;
                }
                case JobEvent.StepDone done -> {
                    step = done.step();
                    steps = done.steps();
                }
                case JobEvent.PictureReady ready -> {
                    stage = null;
                    pictures.putIfAbsent(ready.picture().index(), ready.picture());
                }
                case JobEvent.Finished end -> take(end.state(), end.error(), at);
                case JobEvent.Queued queued -> {}
                case JobEvent.Preview preview -> {}
            }
            lock.signalEvent();
            return null;
        });
    }

    /** Takes over a state without the events that led to it, which are told by {@link #apply}. */
    public void catchUp(JobState now, Optional<Instant> started, Optional<Instant> finished, Optional<JobError> why) {
        lock.locked(() -> {
            startedAt = started.orElse(startedAt);
            if (now.isFinal()) {
                take(now, why, finished.orElse(createdAt));
            } else if (state == JobState.QUEUED) {
                state = now;
            }
            return null;
        });
    }

    /** Takes over a picture without an event. */
    public void catchUp(JobImage picture) {
        lock.locked(() -> pictures.putIfAbsent(picture.index(), picture));
    }

    private void take(JobState end, Optional<JobError> why, Instant at) {
        if (!state.isFinal()) {
            state = end;
            stage = null;
            finishedAt = at;
            error = why.orElse(null);
            lock.signalEnd();
        }
    }

    /**
     * Forgets the pictures' bytes, and keeps what else is known of them. Under load a job lives long enough to reach the
     * heap's old generation, where it would hold on to its files until that is full.
     */
    public void dropPictures() {
        lock.locked(() -> {
            pictures.values().forEach(picture -> picture.content().release());
            events.dropPictures();
            return null;
        });
    }

    /** Forgets the looks at unfinished pictures. */
    public void dropPreviews() {
        lock.locked(() -> {
            events.dropPreviews();
            return null;
        });
    }

    /** Lets waiting threads look again, for instance because the server is stopping. */
    public void wake() {
        lock.locked(() -> {
            lock.signalEvent();
            lock.signalEnd();
            return null;
        });
    }

    private void publish(LongFunction<JobEvent> event) {
        events.add(event);
        lock.signalEvent();
    }

    private StageTimings timings() {
        StageTimings sum = StageTimings.NONE;
        if (startedAt != null) {
            sum = sum.with(Stage.QUEUE, Duration.between(createdAt, startedAt));
        }
        return JobImage.sum(sum, pictures.values());
    }
}
