/**
 * A job from its admission to its last image: state, progress events, images, and the reason why it failed. Uses
 * {@code generation}, the error table and the runtime's contract; knows neither the queue nor the store that hold jobs.
 */
package dev.mobilediffusion.server.job;
