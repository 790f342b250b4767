package dev.mobilediffusion.server.cli;

import java.time.Duration;

/**
 * One image as a client saw it.
 *
 * @param wall from the request to the image's last byte
 * @param inference of that, what the server's text encoder, UNet and VAE decoder took by its own account
 */
record ServedImage(Duration wall, Duration inference) {}
