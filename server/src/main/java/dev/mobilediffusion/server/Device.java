package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.server.machine.Machine;
import java.util.function.Supplier;

/**
 * What the server runs on.
 *
 * @param machine it
 * @param execution tells what computes the networks on it, and why
 * @param options that networks beside the models' are run with
 */
public record Device(Machine machine, Supplier<ExecutionPlan> execution, RuntimeOptions options) {}
