/**
 * Draws what the queue hands out: runs the pipeline, makes the file, hands it back to the queue. Uses {@code queue} and
 * {@code models}.
 */
package dev.mobilediffusion.server.worker;
