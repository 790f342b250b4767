/**
 * What must be worked around in Helidon 4.5.0's HTTP/1.1, each class with what Helidon does by itself; a test of {@code
 * UpstreamTest} fails when a newer version needs it no longer. HTTP/2 is not spoken here: {@code docs/adr/0016}. A leaf: uses
 * Helidon alone.
 */
package dev.mobilediffusion.server.transport;
