package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import java.time.Duration;

/** How many bytes the images may have that came with unfinished jobs: of all, and of one client, so that one leaves room. */
public final class UploadBounds {

    static final long MAX_BYTES = 256L << 20;
    static final long MAX_CLIENT_BYTES = MAX_BYTES / 4;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private UploadBounds() {}

    /**
     * @param all bytes of all unfinished jobs, with the one that is asked for
     * @param own those of its client
     * @throws ApiException RATE_LIMIT_EXCEEDED where either is beyond its bound
     */
    public static void require(long all, long own) {
        if (own > MAX_CLIENT_BYTES || all > MAX_BYTES) {
            throw ApiException.retry(
                    ErrorCode.RATE_LIMIT_EXCEEDED,
                    "the pictures of unfinished jobs may have at most %s bytes, those of one client %s; with this job they had %s and %s"
                            .formatted(MAX_BYTES, MAX_CLIENT_BYTES, all, own),
                    PATIENCE);
        }
    }
}
