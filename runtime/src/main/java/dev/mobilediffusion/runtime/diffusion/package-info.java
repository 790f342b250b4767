/**
 * The loop's parts: the seeded noise that it starts from, the UNet, guidance, and the schedulers that turn a prediction
 * into the next latents. May use {@code onnx}, {@code bundle} and the contract.
 */
package dev.mobilediffusion.runtime.diffusion;
