/**
 * Networks run by ONNX Runtime: typed buffers go in and out, and a running network can be stopped. The only package
 * that sees {@code ai.onnxruntime}; may use the contract and {@code bundle}.
 */
package dev.mobilediffusion.runtime.onnx;
