/**
 * Latents to pixels, and pixels to files: the VAE decoder, and PNG, JPEG and WebP with the settings that made the image. May
 * use {@code onnx}, {@code bundle} and the contract.
 */
package dev.mobilediffusion.runtime.image;
