/**
 * The contract between whoever serves images and whatever draws them: a prompt goes in, pixels come out. Uses
 * nothing but the JDK, so a server can be written and tested against it without ONNX Runtime.
 */
package dev.mobilediffusion.runtime;
