package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Bounds what requests with images hold while they come in and until they are admitted: gRPC keeps a message in memory
 * from its first byte on, and a board's heap has 64 to 128 MB. Short messages are never refused. Thread-safe.
 */
final class LargeMessages extends ServerStreamTracer.Factory {

    /** What a message may have without being counted. */
    static final int SHORT_BYTES = 256 << 10;

    private static final long ROOM_BYTES = 16L << 20;

    /** Whoever takes longer gives way to others. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Context.Key<Message> CURRENT = Context.key("mobilediffusion-message");

    private final Set<Message> large = new LinkedHashSet<>(); // the oldest first
    private long held;

    @Override
    public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new Message();
    }

    /** Says what ends the current call when there is no room for its message. */
    static void onRefusal(Consumer<ApiException> end) {
        Message message = CURRENT.get();
        if (message != null) {
            message.end = end;
        }
    }

    /** To be called when the current call's message is held no more, or elsewhere. */
    static void done() {
        Message message = CURRENT.get();
        if (message != null) {
            message.release();
        }
    }

    /** @throws ApiException RATE_LIMIT_EXCEEDED when the current call's message found no room */
    static void requireRoom() {
        Message message = CURRENT.get();
        if (message != null && message.refused) {
            throw noRoom();
        }
    }

    private static ApiException noRoom() {
        return ApiException.retry(
                ErrorCode.RATE_LIMIT_EXCEEDED,
                "other pictures are being sent; the server holds at most %s bytes of them at a time"
                        .formatted(ROOM_BYTES),
                Duration.ofSeconds(5));
    }

    /** Makes room by those that take too long; whether there is room now. */
    private synchronized boolean take(Message message, long bytes) {
        if (held + bytes > ROOM_BYTES) {
            long now = System.nanoTime();
            large.stream()
                    .filter(other -> other != message && now - other.begin > PATIENCE.toNanos())
                    .toList()
                    .forEach(Message::refuse);
        }
        if (held + bytes > ROOM_BYTES) {
            return false;
        }
        held += bytes;
        message.held += bytes;
        large.add(message);
        return true;
    }

    private synchronized void give(Message message) {
        held -= message.held;
        message.held = 0;
        large.remove(message);
    }

    /** One call's request; for the thread of the connection and then the one of the call. */
    private final class Message extends ServerStreamTracer {

        private final long begin = System.nanoTime();
        private volatile Consumer<ApiException> end = refusal -> {};
        private volatile boolean refused;
        private volatile boolean ended;
        private long sent;
        private long unpacked;
        private long held; // guarded by LargeMessages.this

        @Override
        public Context filterContext(Context context) {
            return context.withValue(CURRENT, this);
        }

        @Override
        public synchronized void inboundWireSize(long bytes) {
            sent += bytes;
            count();
        }

        @Override
        public synchronized void inboundUncompressedSize(long bytes) {
            unpacked += bytes;
            count();
        }

        @Override
        public void streamClosed(Status status) {
            release();
        }

        private void count() {
            long counted;
            synchronized (LargeMessages.this) {
                counted = held;
            }
            long more = Math.max(sent, unpacked) - SHORT_BYTES - counted;
            if (more > 0 && !refused && !ended && !take(this, more)) {
                refuse();
            }
        }

        private void refuse() {
            refused = true;
            release();
            end.accept(noRoom());
        }

        private void release() {
            ended = true;
            give(this);
        }
    }
}
