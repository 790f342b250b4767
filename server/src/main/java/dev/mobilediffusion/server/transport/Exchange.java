package dev.mobilediffusion.server.transport;

import io.helidon.http.HeaderValues;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Method;
import io.helidon.webserver.CloseConnectionException;

/**
 * The request that a connection is at, as far as HTTP/1.1 leaves it to the connection: whether it is the last one, and what
 * form its reply must have. Used by the connection's own thread.
 */
final class Exchange {

    private final boolean old;
    private boolean last;
    private boolean headOpen;
    private long headsRead;
    private ReplyForm form = ReplyForm.ASIS;

    /** @param old whether the client speaks HTTP/1.0, and so sends one request and knows no chunks */
    Exchange(boolean old) {
        this.old = old;
    }

    /** A request's first line was read. */
    void begin(HttpPrologue prologue) {
        if (last) {
            // Helidon 4.5.0 reads on; what came in one piece with the last request gets here
            throw new CloseConnectionException("the request before was the connection's last");
        }
        headOpen = true;
        form = ReplyForm.of(prologue.method().equals(Method.HEAD), old);
    }

    /** A request's headers were read. */
    void requestHeaders(Headers headers) {
        headOpen = false;
        headsRead++;
        noteClose(headers);
    }

    /** A reply's headers are about to be written. */
    void replyHeaders(Headers headers) {
        noteClose(headers);
    }

    private void noteClose(Headers headers) {
        last = last || old || headers.containsToken(HeaderValues.CONNECTION_CLOSE);
    }

    /** Whether nothing may follow the request in hand. */
    boolean isLast() {
        return last;
    }

    /** How many requests' headers were read. */
    long headsRead() {
        return headsRead;
    }

    /** Whether a first line came, and not yet all of the headers. */
    boolean isHeadOpen() {
        return headOpen;
    }

    /** What goes out of {@code bytes}, which Helidon wrote. */
    byte[] shaped(byte[] bytes) {
        return form.shaped(bytes);
    }

    boolean isAsIs() {
        return form == ReplyForm.ASIS;
    }
}
