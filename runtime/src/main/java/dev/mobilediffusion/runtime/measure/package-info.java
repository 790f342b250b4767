/**
 * What a model costs and what the machine can give: multiplications, measured peak. May use the networks, {@code onnx}
 * and {@code bundle}; nothing that draws needs it.
 */
package dev.mobilediffusion.runtime.measure;
