/**
 * The whole way from a prompt to an image: encode, denoise, decode. May use every other package of the runtime.
 */
package dev.mobilediffusion.runtime.pipeline;
