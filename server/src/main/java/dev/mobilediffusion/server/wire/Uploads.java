package dev.mobilediffusion.server.wire;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Lets long requests, which hold images, in one after the other: each takes several times its length of a heap that is
 * as small as a board's. Thread-safe.
 */
public final class Uploads {

    /** Shorter ones need no turn. */
    private static final long SHORT_BYTES = 1 << 20;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final long maxBytes;
    private final Semaphore turns = new Semaphore(1, true);

    /** @param maxBytes of a request, in [1, 2^31) */
    public Uploads(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** Bytes of the longest request. */
    public long maxBytes() {
        return maxBytes;
    }

    /** {@code handler}, which has a turn until it calls {@link #done} or returns. */
    public Handler limited(Handler handler) {
        return (request, response) -> {
            Turn turn = enter(request);
            request.context().register(turn);
            try {
                handler.handle(request, response);
            } finally {
                turn.end();
            }
        };
    }

    /** To be called when nothing of the request's body is held any more. */
    public static void done(ServerRequest request) {
        request.context().get(Turn.class).ifPresent(Turn::end);
    }

    private Turn enter(ServerRequest request) {
        long length = request.headers().contentLength().orElse(Long.MAX_VALUE);
        if (length <= SHORT_BYTES || !request.content().hasEntity() || (length > maxBytes && length < Long.MAX_VALUE)) {
            return new Turn(() -> {}); // what is too long is refused before it is read
        }
        try {
            if (!turns.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw ApiException.retry(
                        ErrorCode.RATE_LIMIT_EXCEEDED,
                        "other pictures are being sent; the server takes one request of over %s bytes at a time"
                                .formatted(SHORT_BYTES),
                        PATIENCE);
            }
            return new Turn(turns::release);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.retry(ErrorCode.NOT_READY, "the server is stopping", PATIENCE);
        }
    }

    private static final class Turn {

        private final Runnable onEnd;
        private final AtomicBoolean ended = new AtomicBoolean();

        Turn(Runnable onEnd) {
            this.onEnd = onEnd;
        }

        void end() {
            if (ended.compareAndSet(false, true)) {
                onEnd.run();
            }
        }
    }
}
