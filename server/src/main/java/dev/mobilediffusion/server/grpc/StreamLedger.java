package dev.mobilediffusion.server.grpc;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Which HTTP/2 streams of a connection are open, as told by the frames of both sides. Thread-safe.
 *
 * <p>A client that cancels a call while a frame of it is under way resets the stream a second time when that frame
 * arrives, one that cancels just as the reply ends resets a stream that is over, and one that the server resets may
 * still have a request under way. All of that is allowed (RFC 9113, section 5.1), but Helidon 4.5.0 has forgotten the
 * stream by then, takes the frame for a protocol error, and ends the whole connection with all of its calls.
 *
 * <p>A stream that the server alone has ended is not over: Helidon reads on to the client's own end.
 */
final class StreamLedger {

    static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int PRIORITY = 2;
    private static final int RST_STREAM = 3;
    static final int WINDOW_UPDATE = 8;
    private static final int END_STREAM = 1;

    /** What nobody misses of a stream that is over. Headers are not among it: they change how later ones are read. */
    private static final Set<Integer> IDLE_TALK = Set.of(DATA, PRIORITY, RST_STREAM, WINDOW_UPDATE);

    private static final int CLIENT = 1;
    private static final int SERVER = 2;
    private static final int BOTH = CLIENT | SERVER;

    /** Stream → which sides have said their last. */
    private final Map<Integer, Integer> open = new HashMap<>();

    private int newest;

    /** Notes a frame of the client; whether the server should see it. */
    synchronized boolean received(int type, int flags, int stream) {
        if (type == HEADERS && stream > newest) {
            newest = stream;
            open.put(stream, 0);
        }
        boolean over = stream > 0 && stream <= newest && !open.containsKey(stream);
        if (over && IDLE_TALK.contains(type)) {
            return false;
        }
        if (type == RST_STREAM) {
            open.remove(stream);
        }
        noteEnd(type, flags, stream, CLIENT);
        return true;
    }

    /** Notes a frame of the server, before it is written. */
    synchronized void sent(int type, int flags, int stream) {
        if (type == RST_STREAM) {
            open.remove(stream);
        }
        noteEnd(type, flags, stream, SERVER);
    }

    synchronized int openStreams() {
        return open.size();
    }

    private void noteEnd(int type, int flags, int stream, int side) {
        boolean last = (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0;
        if (last) {
            open.computeIfPresent(stream, (id, ended) -> (ended | side) == BOTH ? null : ended | side);
        }
    }
}
