package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.server.machine.Machine;
import java.util.function.Supplier;

/**
 * What the server runs on.
 *
 * @param machine it
 * @param execution tells what computes the networks on it, and why
 */
public record Device(Machine machine, Supplier<ExecutionPlan> execution) {}
