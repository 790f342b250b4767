/**
 * What Prometheus sees, under the names that dashboards and alerts rely on. Uses Micrometer and the runtime's contract,
 * and is told what happens: it asks nobody.
 */
package dev.mobilediffusion.server.metrics;
