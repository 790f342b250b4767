/**
 * Schedulers, which turn the UNet's prediction into the next latents: one file each, held to diffusers' scheduler of the
 * same name step by step, on three bases that share how noise levels are planned. May use the noise of {@code diffusion},
 * {@code bundle} and the contract.
 */
package dev.mobilediffusion.runtime.scheduler;
