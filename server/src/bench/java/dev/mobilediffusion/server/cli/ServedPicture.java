package dev.mobilediffusion.server.cli;

import java.time.Duration;

/**
 * One picture as a client saw it.
 *
 * @param wall from the request to the picture's last byte
 * @param inference of that, what the server's text encoder, UNet and VAE decoder took by its own account
 */
record ServedPicture(Duration wall, Duration inference) {}
