/**
 * What can go wrong, in one table: each code's HTTP status, gRPC status and metric label. Uses the runtime's contract
 * and the JDK alone, so that every API of the server can speak it.
 */
package dev.mobilediffusion.server.error;
