package dev.mobilediffusion.server.fleet;

import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.KeyValueConfiguration;
import io.nats.client.api.ObjectStoreConfiguration;
import io.nats.client.api.RetentionPolicy;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes the streams and buckets that are missing, and leaves those alone that are there: their owner may have changed
 * limits and replicas. Each tells its schema in its description.
 */
final class FleetSetup {

    /** The first with what is used here: named consumers, inactive ones that go by themselves. */
    private static final String MINIMUM = "2.9.0";

    /** Events are for those who watch, and for those who come back after a broken connection. */
    private static final Duration KEEP_EVENTS = Duration.ofHours(1);

    private static final Duration KEEP_BOARDS = Duration.ofHours(1);
    private static final int STREAM_NOT_FOUND = 10059;
    private static final int NO_JETSTREAM = 10039;
    private static final String DESCRIPTION = "mobilediffusion schema " + Names.SCHEMA;
    private static final Pattern SCHEMA = Pattern.compile("mobilediffusion schema (\\d{1,6})");

    private final Connection connection;
    private final JetStreamManagement management;

    private FleetSetup(Connection connection) throws IOException {
        this.connection = connection;
        this.management = connection.jetStreamManagement();
    }

    /** @throws UnusableNats when this NATS cannot hold the fleet's queue */
    static void run(Connection connection, Duration keepFor) throws IOException, JetStreamApiException {
        requireVersion(connection.getServerInfo().getVersion());
        if (!connection.getServerInfo().isJetStreamAvailable()) {
            throw new UnusableNats(
                    "NATS at %s runs without JetStream: start it with -js and a folder, nats-server -js -sd DIR"
                            .formatted(connection.getConnectedUrl()));
        }
        new FleetSetup(connection).make(keepFor);
    }

    private void make(Duration keepFor) throws IOException, JetStreamApiException {
        stream(StreamConfiguration.builder()
                .name(Names.WORK)
                .subjects(Names.WORK_SUBJECTS)
                .retentionPolicy(RetentionPolicy.WorkQueue)
                .discardPolicy(DiscardPolicy.New));
        stream(StreamConfiguration.builder()
                .name(Names.EVENTS)
                .subjects(Names.EVENT_SUBJECTS)
                .maxAge(KEEP_EVENTS));
        bucket(Names.LIVE, Duration.ZERO);
        bucket(Names.ENDED, keepFor);
        bucket(Names.BOARDS, KEEP_BOARDS);
        if (isMissing("OBJ_" + Names.IMAGES)) {
            connection
                    .objectStoreManagement()
                    .create(ObjectStoreConfiguration.builder(Names.IMAGES)
                            .description(DESCRIPTION)
                            .ttl(keepFor)
                            .build());
        }
    }

    private void stream(StreamConfiguration.Builder stream) throws IOException, JetStreamApiException {
        StreamConfiguration wanted =
                stream.description(DESCRIPTION).storageType(StorageType.File).build();
        if (isMissing(wanted.getName())) {
            management.addStream(wanted);
        }
    }

    private void bucket(String name, Duration keepFor) throws IOException, JetStreamApiException {
        if (isMissing("KV_" + name)) {
            connection
                    .keyValueManagement()
                    .create(KeyValueConfiguration.builder(name)
                            .description(DESCRIPTION)
                            .ttl(keepFor)
                            .build());
        }
    }

    private boolean isMissing(String stream) throws IOException, JetStreamApiException {
        try {
            String description = String.valueOf(
                    management.getStreamInfo(stream).getConfiguration().getDescription());
            Matcher schema = SCHEMA.matcher(description);
            if (!schema.find()) {
                throw new UnusableNats("NATS has a stream %s that no board made; give the fleet an account of its own"
                        .formatted(stream));
            }
            if (Integer.parseInt(schema.group(1)) > Names.SCHEMA) {
                throw new UnusableNats("NATS holds the fleet's schema %s, this board knows up to %s: update this board"
                        .formatted(schema.group(1), Names.SCHEMA));
            }
            return false;
        } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() == NO_JETSTREAM) {
                throw new UnusableNats("NATS gives JetStream to other accounts, not to this board's", e);
            }
            if (e.getApiErrorCode() == STREAM_NOT_FOUND) {
                return true;
            }
            throw e;
        }
    }

    static void requireVersion(String version) {
        String[] found = version.split("[.-]", -1);
        String[] minimum = MINIMUM.split("[.]", -1);
        for (int i = 0; i < minimum.length && i < found.length; i++) {
            int difference = Integer.compare(number(found[i]), number(minimum[i]));
            if (difference != 0) {
                if (difference < 0) {
                    throw new UnusableNats(
                            "NATS is of version %s, the fleet needs %s or later".formatted(version, MINIMUM));
                }
                return;
            }
        }
    }

    private static int number(String digits) {
        return digits.matches("\\d{1,6}") ? Integer.parseInt(digits) : 0;
    }

    /** NATS is there and cannot be used as it is; the message says why, for the owner. */
    static final class UnusableNats extends RuntimeException {

        private static final long serialVersionUID = 1L;

        UnusableNats(String message) {
            super(message);
        }

        UnusableNats(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
