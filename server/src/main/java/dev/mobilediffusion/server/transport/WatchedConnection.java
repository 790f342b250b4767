package dev.mobilediffusion.server.transport;

import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.spi.ServerConnection;
import java.time.Duration;

/** Helidon's HTTP/1.1 connection; its thread handles the requests too, and so finds the watch. */
record WatchedConnection(ServerConnection connection, PeerWatch watch)
        implements ServerConnection, InterruptableTask<Void> {

    @Override
    public void handle(Limit limit) throws InterruptedException {
        watch.enterConnection();
        try {
            connection.handle(limit);
        } catch (CloseConnectionException e) {
            watch.reportUnfinished();
            throw e;
        } finally {
            watch.drainUnreadBody();
            PeerWatch.leaveConnection();
        }
    }

    @Override
    public Duration idleTime() {
        return connection.idleTime();
    }

    @Override
    public void close(boolean interrupt) {
        connection.close(interrupt);
    }

    @Override
    public boolean canInterrupt() {
        return connection instanceof InterruptableTask<?> task && task.canInterrupt();
    }
}
