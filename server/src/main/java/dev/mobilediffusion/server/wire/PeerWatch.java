package dev.mobilediffusion.server.wire;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ServerConnectionException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
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
    private final Duration patience;
    private byte[] unread;
    private FutureTask<byte[]> ahead;
    private Runnable onGone = () -> {};
    private boolean gone;
    private boolean bodyUnread;

    /**
     * @param unread what Helidon has read already to find out the protocol
     * @param patience with a peer that is to send something and sends nothing; Helidon's own ends between two requests
     */
    PeerWatch(HelidonSocket socket, byte[] unread, Duration patience) {
        this.patience = patience;
        this.socket = socket;
        this.unread = unread;
    }

    /** The watch of the connection whose request this thread handles; empty for HTTP/2. */
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
    Registration onGone(Runnable action) {
        boolean already;
        synchronized (this) {
            already = gone;
            onGone = action;
            if (ahead == null && !gone && unread.length == 0) {
                ahead = new FutureTask<>(this::readAhead);
                Thread.ofVirtual().name("peer-watch").start(ahead);
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

    /** Says that the reply in hand refuses a body which was not read, so that the connection must end after it. */
    public synchronized void leaveBodyUnread() {
        bodyUnread = true;
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
        Thread watchdog = Thread.startVirtualThread(() -> closeAfter(DRAIN_TIME));
        try {
            long dropped = 0;
            for (byte[] bytes = get(); bytes != null && dropped < DRAIN_BYTES; bytes = get()) {
                dropped += bytes.length;
            }
        } catch (CloseConnectionException e) {
            // Closed by the client or by our patience: either way it is over
            LOG.log(System.Logger.Level.TRACE, "a refused client is gone", e);
        } finally {
            watchdog.interrupt();
        }
    }

    private void closeAfter(Duration time) {
        try {
            Thread.sleep(time);
            socket.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the client was quicker
        } catch (UncheckedIOException e) {
            LOG.log(System.Logger.Level.TRACE, "a refused client is gone", e);
        }
    }

    /** The next bytes of the connection, for Helidon's reader; null at its end, as that reader wants it. */
    @Override
    public byte[] get() {
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
            pending = ahead;
            ahead = null;
        }
        Thread watchdog = Thread.startVirtualThread(() -> closeAfter(patience));
        try {
            return pending == null ? socket.get() : pending.get();
        } catch (UncheckedIOException e) {
            throw new ServerConnectionException("cannot read from the connection", e);
        } catch (ExecutionException e) {
            throw new ServerConnectionException("cannot read from the connection", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CloseConnectionException("interrupted while waiting for a request", e);
        } finally {
            watchdog.interrupt();
        }
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
    interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
