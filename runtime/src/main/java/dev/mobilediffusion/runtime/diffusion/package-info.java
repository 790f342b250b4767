/**
 * The loop's parts besides its schedulers: the seeded noise that it starts from, the UNet, and guidance. May use {@code
 * onnx}, {@code bundle} and the contract.
 */
package dev.mobilediffusion.runtime.diffusion;
