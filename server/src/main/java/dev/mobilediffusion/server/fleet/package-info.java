/**
 * A queue that several boards share, held by NATS JetStream: who waits, what state a job is in, its events and its images.
 * Uses {@code queue}, {@code store} and {@code job}; it and {@code nats} alone see NATS.
 */
package dev.mobilediffusion.server.fleet;
