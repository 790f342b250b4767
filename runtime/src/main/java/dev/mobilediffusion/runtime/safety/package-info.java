/**
 * A bundle's safety checker, and how an image is made ready for it. Depends on the {@code onnx} and {@code bundle}
 * packages.
 */
package dev.mobilediffusion.runtime.safety;
