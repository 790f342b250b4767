/**
 * Prompts to numbers: CLIP's tokenizer, the text encoder, and a cache of what it gave. May use {@code onnx}, {@code
 * bundle} and the contract.
 */
package dev.mobilediffusion.runtime.text;
