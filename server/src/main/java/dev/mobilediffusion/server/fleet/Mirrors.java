package dev.mobilediffusion.server.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobImage;
import io.nats.client.Connection;
import io.nats.client.Dispatcher;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.PushSubscribeOptions;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.DeliverPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Jobs that somebody here waits for or asked about, whichever board draws them: each follows its events in NATS, from its
 * first, so that every board tells them under the same ids. Thread-safe.
 */
final class Mirrors {

    /** Ended jobs that are remembered with their events. */
    private static final int REMEMBERED = 64;

    /** How long an event may be on its way. */
    private static final Duration ECHO = Duration.ofSeconds(2);

    private static final System.Logger LOG = System.getLogger(Mirrors.class.getName());

    private final Supplier<Connection> connection;
    private final Images images;
    private final Map<String, Mirror> live = new ConcurrentHashMap<>();
    private final Map<String, Job> ended = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Job> eldest) {
            return size() > REMEMBERED;
        }
    };
    private volatile Optional<Dispatcher> dispatcher = Optional.empty();

    /**
     * @param subscription to the job's events; absent until NATS has answered
     * @param since when it was begun, by {@link System#nanoTime}
     */
    private record Mirror(Job job, Optional<JetStreamSubscription> subscription, long since) {

        static Mirror of(Job job, Optional<JetStreamSubscription> subscription) {
            return new Mirror(job, subscription, System.nanoTime());
        }
    }

    Mirrors(Supplier<Connection> connection, Images images) {
        this.connection = connection;
        this.images = images;
    }

    /** Follows anew what was followed, after a connection was lost. */
    void join(Connection nats) {
        dispatcher = Optional.of(nats.createDispatcher());
        live.values().forEach(mirror -> follow(mirror.job()));
    }

    Optional<Job> find(String id) {
        Optional<Job> job = Optional.ofNullable(live.get(id)).map(Mirror::job);
        if (job.isPresent()) {
            return job;
        }
        synchronized (ended) {
            return Optional.ofNullable(ended.get(id));
        }
    }

    /** A new job, whose events are followed beside what the caller does next. */
    Job begin(JobRecord record) {
        Job job = remote(record);
        live.put(job.id(), Mirror.of(job, Optional.empty()));
        Thread unused = Thread.ofVirtual().start(() -> follow(job));
        return job;
    }

    /** A job that another board took in, with what its record tells. */
    Job open(JobRecord record) {
        Job fresh = remote(record);
        Mirror known = live.putIfAbsent(record.id(), Mirror.of(fresh, Optional.empty()));
        if (known != null) {
            return known.job();
        }
        catchUp(fresh, record);
        follow(fresh);
        return fresh;
    }

    /**
     * Takes over from the record what its events did not tell, and ends the job here; not before those that NATS keeps have
     * had time to arrive.
     */
    void end(JobRecord record) {
        Mirror mirror = live.get(record.id());
        if (mirror == null || System.nanoTime() - mirror.since() < ECHO.toNanos()) {
            return;
        }
        Job job = mirror.job();
        catchUp(job, record);
        job.tellLost();
        job.wake();
        leave(job);
    }

    /** Jobs that are followed. */
    List<Job> all() {
        return live.values().stream().map(Mirror::job).toList();
    }

    private void catchUp(Job job, JobRecord record) {
        List<JobImage> done = record.images().values().stream()
                .map(image -> EventJson.image(image, images::content))
                .toList();
        job.catchUp(done, record.state(), record.startedAt(), record.finishedAt(), record.error());
    }

    void forget(Job job) {
        leave(job);
        synchronized (ended) {
            ended.remove(job.id());
        }
    }

    private Job remote(JobRecord record) {
        return Job.remote(
                record.id(), images.withUploads(record.id(), record.spec()), record.client(), record.createdAt());
    }

    private void follow(Job job) {
        try {
            Connection nats = connection.get();
            JetStreamSubscription subscription = nats.jetStream()
                    .subscribe(
                            Names.event(job.id()),
                            dispatcher.orElseThrow(),
                            message -> take(job, message),
                            false,
                            PushSubscribeOptions.builder().stream(Names.EVENTS)
                                    .ordered(true)
                                    .configuration(ConsumerConfiguration.builder()
                                            .deliverPolicy(DeliverPolicy.All)
                                            .build())
                                    .build());
            Mirror kept = live.computeIfPresent(job.id(), (id, old) -> {
                old.subscription().ifPresent(this::unsubscribe);
                return Mirror.of(job, Optional.of(subscription));
            });
            if (kept == null) {
                unsubscribe(subscription); // ended meanwhile
            }
        } catch (IOException | JetStreamApiException | RuntimeException away) {
            // Joining again follows again, and the record tells the end in any case
            LOG.log(System.Logger.Level.DEBUG, "events of job {0} cannot be followed now", job.id());
        }
    }

    private void take(Job job, Message message) {
        Optional<JsonNode> node = Json.read(message.getData());
        long id = message.metaData().streamSequence();
        Optional<JobEvent> event = node.flatMap(found -> EventJson.read(id, found, images::content));
        if (event.isEmpty()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "fleet: a foreign message on {0} is passed over",
                    message.getSubject());
            return;
        }
        job.apply(event.get(), EventJson.at(node.get()));
        if (event.get() instanceof JobEvent.Finished) {
            leave(job);
        }
    }

    private void leave(Job job) {
        synchronized (ended) {
            ended.put(job.id(), job);
        }
        Mirror mirror = live.remove(job.id());
        if (mirror != null) {
            mirror.subscription().ifPresent(this::unsubscribe);
        }
    }

    private void unsubscribe(JetStreamSubscription subscription) {
        try {
            dispatcher.orElseThrow().unsubscribe(subscription);
        } catch (ApiException | IllegalStateException | IllegalArgumentException away) {
            LOG.log(System.Logger.Level.DEBUG, "a subscription ended with its connection");
        }
    }
}
