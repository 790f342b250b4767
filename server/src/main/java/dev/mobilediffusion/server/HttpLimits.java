package dev.mobilediffusion.server;

import java.time.Duration;

/**
 * Walls against floods and stuck clients.
 *
 * @param maxBodyBytes of a request without images, in [1 KiB, 1 GiB]
 * @param maxConnections open at the same time, in [1, 65535]
 * @param maxHeaderBytes of a request, in [1 KiB, 1 MiB]
 * @param idleTimeout after which a connection without a request is closed, positive
 * @param eventHeartbeat between two signs of life in an event stream, positive
 * @param bodyTimeout for all of a request's headers to come, and then for all of its body, positive
 */
public record HttpLimits(
        long maxBodyBytes,
        int maxConnections,
        int maxHeaderBytes,
        Duration idleTimeout,
        Duration eventHeartbeat,
        Duration bodyTimeout) {

    private static final long UPLOAD_BYTES = 8 << 20;

    public static final HttpLimits DEFAULT = new HttpLimits(
            1 << 20, 256, 16 << 10, Duration.ofMinutes(2), Duration.ofSeconds(10), Duration.ofMinutes(2));

    public HttpLimits {
        ServerConfig.requireInRange("max-body-bytes", maxBodyBytes, 1 << 10, 1 << 30);
        ServerConfig.requireInRange("max-connections", maxConnections, 1, 65_535);
        ServerConfig.requireInRange("max-header-bytes", maxHeaderBytes, 1 << 10, 1 << 20);
        ServerConfig.requirePositive("idle-timeout", idleTimeout);
        ServerConfig.requirePositive("event-heartbeat", eventHeartbeat);
        ServerConfig.requirePositive("body-timeout", bodyTimeout);
    }

    /** Of a request with images: a heap of 64 MB holds one such at a time. */
    public long maxUploadBytes() {
        return Math.max(maxBodyBytes, UPLOAD_BYTES);
    }
}
