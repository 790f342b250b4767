/**
 * Larger pictures: networks that multiply a picture's size (ESRGAN, SPAN and their kin), in tiles, and Lanczos. Depends on
 * the {@code onnx} and {@code image} packages.
 */
package dev.mobilediffusion.runtime.upscale;
