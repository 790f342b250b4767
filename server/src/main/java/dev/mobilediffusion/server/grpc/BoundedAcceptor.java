package dev.mobilediffusion.server.grpc;

import io.netty.channel.Channel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.util.List;

/** A listening socket that closes a connection at once when too many are open already. */
final class BoundedAcceptor extends NioServerSocketChannel {

    private static final System.Logger LOG = System.getLogger(BoundedAcceptor.class.getName());

    private final Connections connections;

    BoundedAcceptor(Connections connections) {
        this.connections = connections;
    }

    /** Netty adds what it has accepted to {@code accepted}, and goes on to serve what stays there. */
    @Override
    protected int doReadMessages(List<Object> accepted) throws Exception {
        int count = super.doReadMessages(accepted);
        if (count != 1) {
            return count;
        }
        Channel connection = (Channel) accepted.getLast();
        if (!connections.add(connection)) {
            accepted.removeLast();
            connection.unsafe().closeForcibly();
            LOG.log(System.Logger.Level.DEBUG, "a gRPC connection was refused: {0} may be open", connections.max());
            return 0;
        }
        return 1;
    }
}
