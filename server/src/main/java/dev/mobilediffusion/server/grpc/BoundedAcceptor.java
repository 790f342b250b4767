package dev.mobilediffusion.server.grpc;

import io.netty.channel.Channel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A listening socket that closes a connection at once when {@code maxConnections} are open already. */
final class BoundedAcceptor extends NioServerSocketChannel {

    private static final System.Logger LOG = System.getLogger(BoundedAcceptor.class.getName());

    private final AtomicInteger open = new AtomicInteger();
    private final int maxConnections;

    BoundedAcceptor(int maxConnections) {
        this.maxConnections = maxConnections;
    }

    /** Netty adds what it has accepted to {@code accepted}, and goes on to serve what stays there. */
    @Override
    protected int doReadMessages(List<Object> accepted) throws Exception {
        int count = super.doReadMessages(accepted);
        if (count != 1) {
            return count;
        }
        Channel connection = (Channel) accepted.getLast();
        if (open.incrementAndGet() > maxConnections) {
            open.decrementAndGet();
            accepted.removeLast();
            connection.unsafe().closeForcibly();
            LOG.log(System.Logger.Level.DEBUG, "a gRPC connection was refused: {0} are open", maxConnections);
            return 0;
        }
        connection.closeFuture().addListener(closed -> open.decrementAndGet());
        return 1;
    }
}
