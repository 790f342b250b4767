/**
 * Larger images: networks that multiply an image's size (ESRGAN, SPAN and their kin), in tiles, and Lanczos. Depends on
 * the {@code onnx} and {@code image} packages.
 */
package dev.mobilediffusion.runtime.upscale;
