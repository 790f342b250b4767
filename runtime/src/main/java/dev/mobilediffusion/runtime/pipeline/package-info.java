/**
 * The whole way from a prompt to a picture: encode, denoise, decode. May use every other package of the runtime.
 */
package dev.mobilediffusion.runtime.pipeline;
