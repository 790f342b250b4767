package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

/** One request on its way to its images. Safe for use by any thread. */
public final class Job {

    private final String id;
    private final JobSpec spec;
    private final ClientId client;
    private final Instant createdAt;
    private final int attempt;
    private final CancelToken cancelToken = new CancelToken();

    private final JobLock lock = new JobLock();
    private final EventLog events;
    private final JobProgress progress = new JobProgress();

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

    /** Unguessable, so that knowing it is the permission to see its images. */
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
        return lock.locked(progress::state);
    }

    public JobStatus status() {
        return lock.locked(() -> progress.status(id, createdAt));
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
        return lock.awaitEnd(timeout, () -> progress.state().isFinal());
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
            if (progress.state() != JobState.QUEUED) {
                return false;
            }
            publish(JobEvent.Started::new, now);
            return true;
        });
    }

    public void beginStage(int image, Stage next) {
        lock.locked(() -> publish(id -> new JobEvent.StageStarted(id, image, next), createdAt));
    }

    public void endStep(int image, int done, int of) {
        lock.locked(() -> publish(id -> new JobEvent.StepDone(id, image, done, of), createdAt));
    }

    public void addPreview(int image, int index, int width, int height, ImageContent content) {
        lock.locked(() -> {
            if (progress.state().isFinal()) {
                content.release();
                return null;
            }
            return publish(id -> new JobEvent.Preview(id, image, index, width, height, content), createdAt);
        });
    }

    /** Whether the job has all its images now. */
    public boolean add(JobImage image) {
        return lock.locked(() -> {
            if (progress.state().isFinal()) {
                image.content().release();
            } else {
                publish(id -> new JobEvent.ImageReady(id, image), createdAt);
            }
            return progress.count() == spec.count();
        });
    }

    public boolean has(int image) {
        return lock.locked(() -> progress.has(image));
    }

    /** Whether this call was the one that finished the job; the first one wins. */
    public boolean finish(JobState end, Optional<JobError> why, Instant now) {
        return lock.locked(() -> {
            if (progress.state().isFinal()) {
                return false;
            }
            publish(id -> new JobEvent.Finished(id, end, why), now);
            return true;
        });
    }

    /** Puts back what the store knew, without new events for what had not been reached. */
    public Job restore(Optional<Instant> started, List<JobImage> done) {
        return lock.locked(() -> {
            progress.begunAt(started);
            done.forEach(image -> publish(id -> new JobEvent.ImageReady(id, image), createdAt));
            return this;
        });
    }

    /**
     * Takes over what happened elsewhere at {@code at}, under the id that it has there. An event that is not newer than
     * the last is left out, and so is all that comes after the end.
     */
    public void apply(JobEvent event, Instant at) {
        lock.locked(() -> {
            if (events.append(event)) {
                took(event, at);
            }
            return null;
        });
    }

    /** Takes over images and a state without the events that led to it, which are told by {@link #apply}. */
    public void catchUp(
            List<JobImage> images,
            JobState now,
            Optional<Instant> started,
            Optional<Instant> finished,
            Optional<JobError> why) {
        lock.locked(() -> {
            images.forEach(progress::put);
            progress.begunAt(started);
            if (progress.catchUp(now, finished.orElse(createdAt), why)) {
                lock.signalEnd();
            }
            return null;
        });
    }

    /** Tells the images and the end whose events were lost, after those that came; to be called when no more will come. */
    public void tellLost() {
        boolean unused = lock.locked(() -> events.complete(progress));
    }

    /** Forgets the images' bytes: a job that reached the heap's old generation would hold its files until that is full. */
    public void dropImages() {
        lock.locked(() -> {
            progress.releaseImages();
            events.dropImages();
            return null;
        });
    }

    /** Forgets the looks at unfinished images. */
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

    private Void publish(LongFunction<JobEvent> event, Instant at) {
        took(events.add(event), at);
        return null;
    }

    private void took(JobEvent event, Instant at) {
        progress.apply(event, at);
        lock.signalEvent();
        if (event instanceof JobEvent.Finished) {
            lock.signalEnd();
        }
    }
}
