/**
 * A model's folder in the diffusers ONNX layout: its configs as records, and its files checked against their hashes.
 * May use the contract, the JDK and a JSON reader; it opens no network.
 */
package dev.mobilediffusion.runtime.bundle;
