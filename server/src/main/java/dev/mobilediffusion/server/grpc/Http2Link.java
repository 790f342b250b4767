package dev.mobilediffusion.server.grpc;

import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.spi.ServerConnection;
import java.net.SocketAddress;
import java.time.Duration;

/**
 * Helidon's HTTP/2 connection, which by itself forgets its open calls when it ends, and counts as idle while a call
 * waits in the queue.
 */
record Http2Link(ServerConnection connection, SocketAddress peer, OpenCalls calls, Connections connections)
        implements ServerConnection, InterruptableTask<Void> {

    @Override
    public void handle(Limit limit) throws InterruptedException {
        try {
            connection.handle(limit);
        } finally {
            connections.close(peer, calls);
        }
    }

    @Override
    public Duration idleTime() {
        return calls.isEmpty() ? connection.idleTime() : Duration.ZERO;
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
