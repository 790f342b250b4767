package dev.mobilediffusion.server.nats;

import dev.mobilediffusion.server.discovery.FleetSearch;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import io.nats.client.AuthenticationException;
import io.nats.client.Connection;
import io.nats.client.ConnectionListener;
import io.nats.client.ErrorListener;
import io.nats.client.Nats;
import io.nats.client.Options;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The connection to NATS, which may come and go: connects again for ever, and knows in a sentence why there is none.
 * Thread-safe.
 */
public final class NatsLink implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(NatsLink.class.getName());
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration RETRY_HINT = Duration.ofSeconds(5);
    /** With TLS on a small board that is busy. */
    private static final Duration CONNECT = Duration.ofSeconds(5);

    /** After which a NATS that was found here is taken to be elsewhere. */
    private static final Duration MOVED = Duration.ofSeconds(20);

    private static final Duration PING = Duration.ofSeconds(2);

    private final FleetOptions options;
    private final Joiner joiner;
    private final Thread thread =
            Thread.ofPlatform().daemon().name("fleet-link").unstarted(this::run);
    private final Complaint complaint = new Complaint();
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile Connection connection;
    private volatile String obstacle = "NATS has not answered yet";
    private volatile boolean joined;
    private volatile long lost; // by System.nanoTime

    /** What a board does whenever it has NATS back. */
    @FunctionalInterface
    public interface Joiner {

        /** @throws UnusableNats when NATS cannot be used as it is */
        void join(Connection connection) throws Exception;
    }

    public NatsLink(FleetOptions options, Joiner joiner) {
        this.options = options;
        this.joiner = joiner;
    }

    public void start() {
        thread.start();
    }

    /** Whether NATS can be used now. */
    public boolean isUp() {
        Connection now = connection;
        return joined && now != null && now.getStatus() == Connection.Status.CONNECTED;
    }

    /** Why NATS cannot be used now; empty when it can. */
    public Optional<String> obstacle() {
        return isUp() ? Optional.empty() : Optional.of("this board is without its fleet: " + obstacle);
    }

    /** To be called while joining, when NATS may be used again. */
    public void assumeJoined() {
        joined = true;
    }

    /** @throws ApiException NOT_READY when NATS cannot be used now */
    public Connection require() {
        Optional<String> reason = obstacle();
        if (reason.isPresent()) {
            throw ApiException.retry(ErrorCode.NOT_READY, reason.get(), RETRY_HINT);
        }
        return connection;
    }

    @Override
    public void close() {
        closing.countDown();
        thread.interrupt();
        disconnect();
    }

    private void run() {
        try {
            while (!closing.await(joined ? RETRY.toMillis() / 4 : RETRY.toMillis() / 2, TimeUnit.MILLISECONDS)) {
                keepUp();
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    /** Connects where there is no connection, and joins where the connection is new. */
    private void keepUp() throws InterruptedException {
        complaint.forget();
        try {
            if (connection == null || connection.getStatus() == Connection.Status.CLOSED) {
                joined = false;
                connection = Nats.connect(boardOptions());
            }
            if (options.isFound() && connection.getStatus() != Connection.Status.CONNECTED && isLongLost()) {
                connection.close(); // and is searched for anew: it may have moved
                return;
            }
            if (connection.getStatus() == Connection.Status.CONNECTED && !joined) {
                joiner.join(connection);
                joined = true;
                LOG.log(
                        System.Logger.Level.INFO,
                        "fleet: joined by {0}",
                        FleetOptions.open(connection.getConnectedUrl()));
            }
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception failure) {
            tell(sentence(options, complaint, failure));
        }
    }

    private boolean isLongLost() {
        return System.nanoTime() - lost > MOVED.toNanos();
    }

    /** What every connection of a fleet has, a board's and an owner's. */
    public static Options.Builder natsOptions(FleetOptions options, Complaint complaint) throws IOException {
        Options.Builder builder = Options.builder()
                .servers(servers(options).toArray(String[]::new))
                .connectionName(options.board())
                .connectionTimeout(CONNECT)
                .errorListener(complaint);
        NatsAccess.apply(builder, options.credentials(), complaint::distrust);
        return builder;
    }

    /** Where NATS is, as it was told or as the neighbours tell. */
    private static Collection<String> servers(FleetOptions options) {
        if (!options.isFound()) {
            return options.servers();
        }
        List<Set<String>> fleets = FleetSearch.fleets();
        if (fleets.isEmpty()) {
            throw new UnusableNats("no board on this network tells where its fleet's NATS is: give one that is"
                    + " announced --queue nats://HOST:PORT");
        }
        if (fleets.size() > 1) {
            throw new UnusableNats("several fleets are on this network, say which with --queue: "
                    + fleets.stream().map(each -> String.join(",", each)).collect(Collectors.joining(" or ")));
        }
        return fleets.getFirst();
    }

    /** What NATS or the encryption objects to; the failures that follow from it do not say so. Thread-safe. */
    public static final class Complaint implements ErrorListener {

        private volatile Optional<String> reason = Optional.empty();

        @Override
        public void errorOccurred(Connection from, String error) {
            boolean permission = error.toLowerCase(Locale.ROOT).contains("permissions violation");
            String sentence =
                    permission ? "NATS does not permit this board what a fleet needs: " + error : "NATS says: " + error;
            LOG.log(System.Logger.Level.WARNING, "fleet: {0}", sentence);
            reason = Optional.of(sentence);
        }

        /** What speaks against trusting this NATS. */
        void distrust(String sentence) {
            reason = Optional.of(sentence);
        }

        void forget() {
            reason = Optional.empty();
        }
    }

    private Options boardOptions() throws IOException {
        return natsOptions(options, complaint)
                .maxReconnects(-1)
                .reconnectWait(RETRY)
                .pingInterval(PING)
                .maxPingsOut(2)
                .connectionListener(this::changed)
                .build();
    }

    private void changed(Connection from, ConnectionListener.Events event) {
        switch (event) {
            case DISCONNECTED, CLOSED -> {
                lost = joined ? System.nanoTime() : lost;
                joined = false;
                tell("NATS at %s cannot be reached".formatted(options.shown()));
            }
            case RECONNECTED -> joined = false; // its streams may be others now
            default -> {}
        }
    }

    private void tell(String reason) {
        if (!reason.equals(obstacle) && closing.getCount() > 0) {
            LOG.log(System.Logger.Level.WARNING, "fleet: {0}", reason);
        }
        obstacle = reason;
    }

    /** Why {@code failure} keeps a board from its NATS. */
    public static String sentence(FleetOptions options, Complaint complaint, Exception failure) {
        String servers = options.shown();
        return switch (failure) {
            case UnusableNats known -> known.getMessage();
            case AuthenticationException refused ->
                "NATS at %s does not accept this board's credentials".formatted(servers);
            case NatsAccess.UnusableCredentials unusable -> unusable.getMessage();
            case IOException absent ->
                complaint.reason.orElseGet(() -> "NATS at %s cannot be reached".formatted(servers));
            default -> "NATS at %s cannot be used: %s".formatted(servers, failure.getMessage());
        };
    }

    private void disconnect() {
        try {
            Connection last = connection;
            if (last != null) {
                last.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
