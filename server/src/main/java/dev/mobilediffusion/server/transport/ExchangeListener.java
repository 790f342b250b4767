package dev.mobilediffusion.server.transport;

import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;

/** Tells a connection's {@link Exchange} what Helidon read and is about to write; one listener serves all connections. */
final class ExchangeListener implements Http1ConnectionListener {

    /** For what comes in. */
    static final Http1ConnectionListener RECEIVING = new ExchangeListener(true);

    /** For what goes out. */
    static final Http1ConnectionListener SENDING = new ExchangeListener(false);

    private final boolean receiving;

    private ExchangeListener(boolean receiving) {
        this.receiving = receiving;
    }

    @Override
    public void prologue(ConnectionContext context, HttpPrologue prologue) {
        if (context instanceof WatchedContext watched) {
            watched.exchange().begin(prologue);
        }
    }

    @Override
    public void headers(ConnectionContext context, Headers headers) {
        if (context instanceof WatchedContext watched) {
            if (receiving) {
                watched.exchange().requestHeaders(headers);
            } else {
                watched.exchange().replyHeaders(headers);
            }
        }
    }
}
