package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.nats.UnusableNats;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.KeyValueConfiguration;
import io.nats.client.api.ObjectStoreConfiguration;
import io.nats.client.api.RetentionPolicy;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.api.StreamInfo;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes the streams and buckets that are missing, and leaves those alone that are there: their owner may have changed
 * limits. Only their copies grow, where NATS has become a cluster. Each tells its schema in its description.
 */
final class FleetSetup {

    private static final System.Logger LOG = System.getLogger(FleetSetup.class.getName());

    /** The first with what is used here: named consumers, inactive ones that go by themselves. */
    private static final String MINIMUM = "2.9.0";

    /** Events are for those who watch, and for those who come back after a broken connection. */
    private static final Duration KEEP_EVENTS = Duration.ofHours(1);

    private static final Duration KEEP_BOARDS = Duration.ofHours(1);
    private static final int STREAM_NOT_FOUND = 10059;
    private static final int NO_JETSTREAM = 10039;
    private static final int NOT_CLUSTERED = 10074;
    private static final int NO_SUITABLE_PEERS = 10005;
    private static final String DESCRIPTION = "mobilediffusion schema " + Names.SCHEMA;
    private static final Pattern SCHEMA = Pattern.compile("mobilediffusion schema (\\d{1,6})");

    /** So many servers of a cluster may die at once as are more than its half: of three, one. */
    private static final int CLUSTERED = 3;

    private final Connection connection;
    private final JetStreamManagement management;
    private final OptionalInt wanted;
    private int replicas;

    private FleetSetup(Connection connection, OptionalInt wanted) throws IOException {
        this.connection = connection;
        this.management = connection.jetStreamManagement();
        this.wanted = wanted;
        this.replicas = wanted.orElse(CLUSTERED);
    }

    /** @throws UnusableNats when this NATS cannot hold the fleet's queue */
    static void run(Connection connection, FleetOptions options) throws IOException, JetStreamApiException {
        requireVersion(connection.getServerInfo().getVersion());
        requireJetStream(connection);
        new FleetSetup(connection, options.replicas()).make(options.keepFor());
    }

    private static void requireJetStream(Connection connection) throws IOException, JetStreamApiException {
        if (connection.getServerInfo().isJetStreamAvailable()) {
            return;
        }
        try {
            // A leaf node has none of its own, and passes on to one that has
            var unused = connection.jetStreamManagement().getAccountStatistics();
        } catch (IOException nobody) {
            throw new UnusableNats(
                    "NATS at %s runs without JetStream: start it with -js and a folder, nats-server -js -sd DIR"
                            .formatted(FleetOptions.open(connection.getConnectedUrl())),
                    nobody);
        }
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
            create(copies -> connection
                    .objectStoreManagement()
                    .create(ObjectStoreConfiguration.builder(Names.IMAGES)
                            .description(DESCRIPTION)
                            .ttl(keepFor)
                            .replicas(copies)
                            .build()));
        }
    }

    private void stream(StreamConfiguration.Builder stream) throws IOException, JetStreamApiException {
        stream.description(DESCRIPTION).storageType(StorageType.File);
        if (isMissing(stream.build().getName())) {
            create(copies -> management.addStream(stream.replicas(copies).build()));
        }
    }

    private void bucket(String name, Duration keepFor) throws IOException, JetStreamApiException {
        if (isMissing("KV_" + name)) {
            create(copies -> connection
                    .keyValueManagement()
                    .create(KeyValueConfiguration.builder(name)
                            .description(DESCRIPTION)
                            .ttl(keepFor)
                            .replicas(copies)
                            .build()));
        }
    }

    /** Makes something in as many copies as there shall be. */
    private interface Creation {
        Object with(int copies) throws IOException, JetStreamApiException;
    }

    private void create(Creation creation) throws IOException, JetStreamApiException {
        try {
            Object unused = creation.with(replicas);
        } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() == NOT_CLUSTERED && wanted.isEmpty()) {
                replicas = 1;
                Object unused = creation.with(replicas);
                return;
            }
            if (e.getApiErrorCode() == NOT_CLUSTERED) {
                throw single(e);
            }
            if (e.getApiErrorCode() == NO_SUITABLE_PEERS) {
                throw new UnusableNats(
                        "NATS's cluster has fewer than %s servers with JetStream up: start them, or give --fleet-replicas 1"
                                .formatted(replicas),
                        e);
            }
            throw e;
        }
    }

    private UnusableNats single(Exception cause) {
        return new UnusableNats("fleet-replicas is %s, and NATS is a single server".formatted(replicas), cause);
    }

    private boolean isMissing(String stream) throws IOException, JetStreamApiException {
        try {
            StreamInfo there = management.getStreamInfo(stream);
            requireSchema(there.getConfiguration());
            raise(there);
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

    private static void requireSchema(StreamConfiguration stream) {
        Matcher schema = SCHEMA.matcher(String.valueOf(stream.getDescription()));
        if (!schema.find()) {
            throw new UnusableNats("NATS has a stream %s that no board made; give the fleet an account of its own"
                    .formatted(stream.getName()));
        }
        if (Integer.parseInt(schema.group(1)) > Names.SCHEMA) {
            throw new UnusableNats("NATS holds the fleet's schema %s, this board knows up to %s: update this board"
                    .formatted(schema.group(1), Names.SCHEMA));
        }
    }

    /** Has more copies kept of what is there; where that cannot be, it stays as it is and goes on to serve. */
    private void raise(StreamInfo there) throws IOException {
        if (there.getConfiguration().getReplicas() >= replicas) {
            return;
        }
        if (there.getClusterInfo() == null) {
            if (wanted.isPresent()) {
                throw single(null);
            }
            return;
        }
        try {
            StreamInfo unused = management.updateStream(StreamConfiguration.builder(there.getConfiguration())
                    .replicas(replicas)
                    .build());
        } catch (JetStreamApiException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "fleet: NATS keeps {0} in {1} copies instead of {2}: {3}",
                    there.getConfiguration().getName(),
                    there.getConfiguration().getReplicas(),
                    replicas,
                    e.getErrorDescription());
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
}
