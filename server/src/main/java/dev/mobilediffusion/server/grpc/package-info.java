/**
 * The gRPC API: the service {@code mobilediffusion.v1.ImageGeneration}, health and reflection, and what keeps one bad
 * call from harming its neighbours. Uses jobs, the error table, the runtime's contract, Helidon and grpc-java; knows no
 * HTTP APIs.
 */
package dev.mobilediffusion.server.grpc;
