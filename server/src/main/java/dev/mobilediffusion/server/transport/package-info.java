/**
 * What must be worked around in Helidon's HTTP/1.1. Each class says what Helidon does by itself and in which version; a test
 * of {@code UpstreamTest} fails when a newer version needs it no longer. A leaf: uses Helidon alone.
 */
package dev.mobilediffusion.server.transport;
