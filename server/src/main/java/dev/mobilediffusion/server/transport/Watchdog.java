package dev.mobilediffusion.server.transport;

import io.helidon.common.socket.HelidonSocket;
import java.io.UncheckedIOException;
import java.time.Duration;

/** Closes a connection after a time, so that who reads from it reads no longer; closing the watchdog calls it off. */
final class Watchdog implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Watchdog.class.getName());

    private final Thread thread;

    private Watchdog(Thread thread) {
        this.thread = thread;
    }

    /** @param time after which {@code socket} is closed; at once where there is none left */
    static Watchdog start(HelidonSocket socket, Duration time) {
        return new Watchdog(Thread.startVirtualThread(() -> closeAfter(socket, time)));
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private static void closeAfter(HelidonSocket socket, Duration time) {
        try {
            Thread.sleep(time);
            socket.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the peer was quicker
        } catch (UncheckedIOException e) {
            LOG.log(System.Logger.Level.TRACE, "the peer is gone", e);
        }
    }
}
