package dev.mobilediffusion.server.grpc;

import java.time.Duration;

/**
 * Bounds on what clients may hold open, with a key or without one.
 *
 * @param maxConnections open at the same time, positive
 * @param maxHeaderBytes of one call's metadata, positive
 * @param idleTimeout after which a connection without a call is closed, and for which a client may leave its events
 *     unread, positive
 * @param requestTimeout for all of a call's request to come, positive
 */
public record GrpcLimits(int maxConnections, int maxHeaderBytes, Duration idleTimeout, Duration requestTimeout) {}
