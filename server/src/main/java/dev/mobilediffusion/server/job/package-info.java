/**
 * The one admission point for every API: jobs, their fair queue, the worker that runs them and the store that outlives
 * the process. Uses the runtime's contract, the error table, SQLite and the JDK; knows no HTTP and no gRPC.
 */
package dev.mobilediffusion.server.job;
