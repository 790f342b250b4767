/**
 * A queue that several boards share, held by NATS JetStream: who waits, what state a job is in, its events and its images.
 * Uses {@code queue}, {@code store} and {@code job}; the only package that sees NATS.
 */
package dev.mobilediffusion.server.fleet;
