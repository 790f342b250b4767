package dev.mobilediffusion.runtime;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What computes the networks of this process, and why.
 *
 * @param provider label of the execution provider; operators that it cannot compute run on {@code cpu}
 * @param reason why this one, in words
 * @param available labels of all that the loaded ONNX Runtime has, {@code cpu} among them
 * @param threads that compute
 * @param onnxRuntime version of ONNX Runtime, such as 1.28.0
 * @param networks what has computed each network that ran: {@code cpu} too where the provider failed at it
 */
public record ExecutionPlan(
        String provider,
        String reason,
        List<String> available,
        int threads,
        String onnxRuntime,
        Map<String, String> networks) {

    public ExecutionPlan {
        available = List.copyOf(available);
        networks = Collections.unmodifiableMap(new LinkedHashMap<>(networks));
    }
}
