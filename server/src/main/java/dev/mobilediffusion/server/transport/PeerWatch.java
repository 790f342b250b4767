package dev.mobilediffusion.server.transport;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ServerConnectionException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Notices at once that the peer of an HTTP/1.1 connection has gone while its request is still being worked on.
 *
 * <p>Helidon reads from a connection only between requests, and its {@code HelidonSocket.isConnected} stays true after
 * the peer's FIN. So this supplier stands between the socket and Helidon's reader: while a handler watches, a virtual
 * thread reads ahead. End of stream means that the peer has gone; bytes are the next request, kept for the reader.
 */
public final class PeerWatch implements Supplier<byte[]> {

    private static final System.Logger LOG = System.getLogger(PeerWatch.class.getName());
    private static final long DRAIN_BYTES = 64L << 20;
    private static final Duration DRAIN_TIME = Duration.ofSeconds(2);
    private static final ThreadLocal<PeerWatch> OF_THIS_CONNECTION = new ThreadLocal<>();

    private final HelidonSocket socket;
    private final String peer; // a closed socket does not know it any more
    private final Duration patience;
    private final BodyClock bodyClock;
    private final HeadClock headClock;
    private byte[] unread = {};
    private Exchange exchange = new Exchange(false);
    private BooleanSupplier betweenRequests = () -> true;
    private FutureTask<byte[]> ahead;
    private Runnable onGone = () -> {};
    private boolean gone;
    private boolean bodyUnread;

    /**
     * @param patience with a peer that is to send something and sends nothing; Helidon's own ends between two requests
     * @param requestTime for all of a request's first line and headers, and for all of its body
     */
    PeerWatch(HelidonSocket socket, Duration patience, Duration requestTime) {
        this.patience = patience;
        this.bodyClock = new BodyClock(requestTime);
        this.headClock = new HeadClock(requestTime);
        this.socket = socket;
        this.peer = socket.remotePeer().host();
    }

    /** Puts back what was read to find out the protocol. */
    void unread(byte[] bytes) {
        unread = bytes;
    }

    /**
     * @param exchange that says when the connection is to end
     * @param betweenRequests whether no request is under way
     */
    void follow(Exchange exchange, BooleanSupplier betweenRequests) {
        this.exchange = exchange;
        this.betweenRequests = betweenRequests;
    }

    /** The watch of the connection whose request this thread handles; empty on other threads. */
    public static Optional<PeerWatch> current() {
        return Optional.ofNullable(OF_THIS_CONNECTION.get());
    }

    void enterConnection() {
        OF_THIS_CONNECTION.set(this);
    }

    static void leaveConnection() {
        OF_THIS_CONNECTION.remove();
    }

    /** Calls {@code action} once when the peer goes, on another thread, until the registration is closed. */
    public Registration onGone(Runnable action) {
        boolean already;
        synchronized (this) {
            already = gone;
            onGone = action;
            if (ahead == null && !gone && unread.length == 0) {
                startReadingAhead();
            }
        }
        if (already) {
            action.run();
        }
        return () -> {
            synchronized (this) {
                onGone = () -> {};
            }
        };
    }

    /** Until the registration is closed a body is read, in its time: else reading throws {@link SlowBodyException}. */
    public Registration readBody() {
        bodyClock.start();
        return bodyClock::stop;
    }

    /** Says that the reply in hand refuses a body which was not read, so that the connection must end after it. */
    public synchronized void leaveBodyUnread() {
        bodyUnread = true;
    }

    /** Whether {@link #leaveBodyUnread} was said. */
    public synchronized boolean isBodyUnread() {
        return bodyUnread;
    }

    /** Whether the connection is at a request's first line or headers, so that what fails is the request's fault. */
    public boolean isReadingHead() {
        return exchange.isHeadOpen() || betweenRequests.getAsBoolean();
    }

    /** Says in the log of a client that went before its request's headers were whole; later the request's handler does. */
    void reportUnfinished() {
        if (exchange.isHeadOpen() && !headClock.isLate()) {
            LOG.log(System.Logger.Level.INFO, "status=499 peer={0} went within a request", peer);
        }
    }

    /**
     * Reads what a refused client is still sending, and drops it. Closing a connection with unread bytes resets it, and a
     * client that is reset while it sends may never see the reply which says why.
     */
    void drainUnreadBody() {
        synchronized (this) {
            if (!bodyUnread || gone) {
                return;
            }
        }
        Watchdog watchdog = Watchdog.start(socket, DRAIN_TIME);
        try {
            long dropped = 0;
            for (byte[] bytes = next(); bytes != null && dropped < DRAIN_BYTES; bytes = next()) {
                dropped += bytes.length;
            }
        } catch (CloseConnectionException e) {
            // Closed by the client or by our patience: either way it is over
            LOG.log(System.Logger.Level.TRACE, "a refused client is gone", e);
        } finally {
            watchdog.close();
        }
    }

    /**
     * The next bytes of the connection, for Helidon's reader; null, as that reader wants it, when it ends between two
     * requests, by the peer's will or after the last reply, after which Helidon 4.5.0 would go on reading.
     *
     * @throws CloseConnectionException when the peer goes within a request
     */
    @Override
    public byte[] get() {
        if (exchange.isLast() && betweenRequests.getAsBoolean()) {
            return null;
        }
        headClock.follow(exchange.headsRead());
        byte[] bytes = next();
        if (bytes != null && isReadingHead()) {
            headClock.begin();
        }
        if (bytes == null && !betweenRequests.getAsBoolean()) {
            throw new CloseConnectionException("the client has gone within a request");
        }
        return bytes;
    }

    private byte[] next() {
        FutureTask<byte[]> pending;
        synchronized (this) {
            if (unread.length > 0) {
                byte[] first = unread;
                unread = new byte[0];
                return first;
            }
            if (gone) {
                return null;
            }
            if (bodyClock.isRunning() && ahead == null) {
                startReadingAhead();
            }
            pending = ahead;
            ahead = null;
        }
        Watchdog watchdog = Watchdog.start(socket, headClock.left(patience));
        try {
            return pending == null ? socket.get() : bodyClock.await(pending);
        } catch (TimeoutException e) {
            synchronized (this) {
                ahead = pending; // what still comes is dropped after the reply
            }
            throw bodyClock.late();
        } catch (UncheckedIOException e) {
            throw new ServerConnectionException("cannot read from the connection", e);
        } catch (ExecutionException e) {
            throw new ServerConnectionException("cannot read from the connection", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CloseConnectionException("interrupted while waiting for a request", e);
        } finally {
            watchdog.close();
            headClock.reportLate(peer);
        }
    }

    private void startReadingAhead() {
        ahead = new FutureTask<>(this::readAhead);
        Thread.ofVirtual().name("peer-watch").start(ahead);
    }

    private byte[] readAhead() {
        byte[] bytes = null;
        try {
            bytes = socket.get();
            return bytes;
        } finally {
            if (bytes == null) {
                end();
            }
        }
    }

    private void end() {
        Runnable action;
        synchronized (this) {
            gone = true;
            action = onGone;
        }
        action.run();
    }

    /** A handler's interest in the peer. */
    @FunctionalInterface
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
