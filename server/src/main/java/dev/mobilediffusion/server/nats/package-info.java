/**
 * How boards get to their NATS: its configuration, the code by which a board joins, and what a connection needs. Depends on
 * files and certificates, and knows nothing of queues and jobs.
 */
package dev.mobilediffusion.server.nats;
