package dev.mobilediffusion.server.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.nats.NatsErrors;
import io.nats.client.Connection;
import io.nats.client.ConsumerContext;
import io.nats.client.FetchConsumeOptions;
import io.nats.client.FetchConsumer;
import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.PublishOptions;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.ConsumerInfo;
import io.nats.client.api.StreamInfoOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Images that wait, one message each, in a stream that gives every one to a single board at a time. Thread-safe. */
final class WorkStream {

    private static final System.Logger LOG = System.getLogger(WorkStream.class.getName());

    /** A lane that nobody used for so long is forgotten; the next image in it makes it anew. */
    private static final Duration FORGET_LANE = Duration.ofMinutes(10);

    private final Supplier<Connection> connection;
    private final Duration acknowledgeWithin;
    private final Map<String, ConsumerContext> consumers = new ConcurrentHashMap<>();

    /**
     * An image that this board has got.
     *
     * @param delivery how often it was given to a board, 1 for the first time
     */
    record Taken(Message message, String jobId, int index, long delivery) {}

    WorkStream(Supplier<Connection> connection, Duration acknowledgeWithin) {
        this.connection = connection;
        this.acknowledgeWithin = acknowledgeWithin;
    }

    /** To be called after a connection was lost. */
    void join() {
        consumers.clear();
    }

    /** Puts in the images of a job that are missing; twice within two minutes is once. */
    void put(JobRecord job) {
        NatsErrors.call(() -> {
            JetStream stream = connection.get().jetStream();
            String subject = subject(job);
            for (int index : job.missing()) {
                byte[] body = Json.bytes(Json.object()
                        .put("v", Names.SCHEMA)
                        .put("job", job.id())
                        .put("image", index));
                PublishOptions once = PublishOptions.builder()
                        .messageId(job.id() + '/' + index)
                        .build();
                var unused = stream.publish(subject, body, once);
            }
            return null;
        });
    }

    /**
     * The next image of a lane; empty where none waits there.
     *
     * @param lane as {@link Names#lane} calls it
     */
    Optional<Taken> take(String lane) {
        try {
            return taken(lane);
        } catch (ApiException away) {
            consumers.remove(lane);
            LOG.log(System.Logger.Level.DEBUG, "fleet: nothing taken: {0}", away.getMessage());
            return Optional.empty();
        }
    }

    /** How many images wait or are being drawn, by subject. */
    Map<String, Long> subjects() {
        return NatsErrors.call(() -> Map.copyOf(connection
                .get()
                .jetStreamManagement()
                .getStreamInfo(Names.WORK, StreamInfoOptions.filterSubjects("md.work.>"))
                .getStreamState()
                .getSubjectMap()));
    }

    /**
     * Whether NATS will give out less than lies in a lane. A killed NATS may come back with an acknowledgement, and without
     * the removal that it had caused; or it gives new images the numbers of some that it lost.
     *
     * @param images that lie in the lane
     */
    boolean isShort(String lane, long images) {
        return NatsErrors.call(() -> {
            ConsumerInfo consumer = consumer(lane).getConsumerInfo();
            return consumer.getNumPending() + consumer.getNumAckPending() < images;
        });
    }

    /** Lets NATS give out anew all that lies in a lane; what is being drawn may be drawn twice, and counts once. */
    void restart(String lane) {
        LOG.log(System.Logger.Level.WARNING, "fleet: NATS took images for done that are not, it gives them out anew");
        NatsErrors.call(() -> {
            boolean unused = connection.get().jetStreamManagement().deleteConsumer(Names.WORK, durable(lane));
            consumers.put(lane, consumer(lane));
            return null;
        });
    }

    static String lane(JobRecord job) {
        return Names.lane(job.spec().model(), job.client().value());
    }

    /** The lane that a subject is in. */
    static String lane(String subject) {
        return subject.substring("md.work.".length(), subject.lastIndexOf('.'));
    }

    static String subject(JobRecord job) {
        return Names.work(job.spec().model(), job.client().value(), job.id());
    }

    private Optional<Taken> taken(String lane) {
        return NatsErrors.call(() -> {
            ConsumerContext consumer = consumers.get(lane);
            if (consumer == null) {
                consumer = consumer(lane);
                consumers.put(lane, consumer);
            }
            Message message = next(consumer);
            return message == null ? Optional.empty() : read(message);
        });
    }

    private static Message next(ConsumerContext consumer) throws IOException, JetStreamApiException {
        try (FetchConsumer fetch = consumer.fetch(
                FetchConsumeOptions.builder().maxMessages(1).noWait().build())) {
            return fetch.nextMessage();
        } catch (IOException | JetStreamApiException | RuntimeException e) {
            throw e;
        } catch (Exception gone) {
            throw new IOException("the lane is not there any more", gone);
        }
    }

    private ConsumerContext consumer(String lane) throws IOException, JetStreamApiException {
        return connection
                .get()
                .getStreamContext(Names.WORK)
                .createOrUpdateConsumer(ConsumerConfiguration.builder()
                        .durable(durable(lane))
                        .filterSubject("md.work." + lane + ".*")
                        .ackPolicy(AckPolicy.Explicit)
                        .ackWait(acknowledgeWithin)
                        .inactiveThreshold(FORGET_LANE)
                        .build());
    }

    private static String durable(String lane) {
        return lane.replace('.', '_');
    }

    private static Optional<Taken> read(Message message) {
        Optional<JsonNode> node = Json.read(message.getData());
        Optional<Taken> taken = node.filter(found -> found.hasNonNull("job") && found.hasNonNull("image"))
                .map(found -> new Taken(
                        message,
                        found.get("job").asText(),
                        found.get("image").asInt(),
                        message.metaData().deliveredCount()));
        if (taken.isEmpty()) {
            LOG.log(System.Logger.Level.WARNING, "fleet: a foreign message on {0} was removed", message.getSubject());
            message.term();
        }
        return taken;
    }
}
