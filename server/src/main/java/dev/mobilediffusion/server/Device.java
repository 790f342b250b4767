package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.server.machine.Machine;

/**
 * What the server runs on.
 *
 * @param machine it
 * @param execution what computes the networks on it, and why
 */
public record Device(Machine machine, ExecutionPlan execution) {}
