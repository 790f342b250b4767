/**
 * Things that a person taught a model by one picture: their names and pictures on disk, and the text encoder that knows
 * them. May use the bundle, the tokenizer and the VAE's encoder.
 */
package dev.mobilediffusion.runtime.concept;
