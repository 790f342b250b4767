package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ExecutionPlan;

/** An {@link ExecutionPlan} as clients read it, the same wherever it is told. */
public final class ExecutionJson {

    private ExecutionJson() {}

    /** Adds {@code execution} to {@code node}. */
    public static void put(ObjectNode node, ExecutionPlan plan) {
        ObjectNode execution = node.putObject("execution")
                .put("provider", plan.provider())
                .put("reason", plan.reason())
                .put("threads", plan.threads())
                .put("onnxruntime", plan.onnxRuntime());
        ObjectNode networks = execution.putObject("networks");
        plan.networks().forEach(networks::put);
    }
}
