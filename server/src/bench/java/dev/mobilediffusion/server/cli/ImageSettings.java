package dev.mobilediffusion.server.cli;

import java.util.OptionalDouble;

/**
 * What a benchmark's clients ask for besides prompt and seed.
 *
 * @param steps denoising steps of an image
 * @param guidanceScale how strongly the prompt pulls; empty for the model's own
 */
record ImageSettings(int steps, OptionalDouble guidanceScale) {}
