/**
 * The one admission point for every API: bounded, fair between clients, with the per-job timers. Uses {@code job} and
 * {@code store}; knows neither an API nor how images are drawn.
 */
package dev.mobilediffusion.server.queue;
