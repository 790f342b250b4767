package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.Map;

/** Holds what a provider has computed against what the CPU's kernels compute from the same inputs. */
final class ProviderCheck {

    /** Other kernels and other rounding differ by 30 dB and more; oneDNN's wrong text encoder by far less than this. */
    static final double LEAST_DECIBELS = 20;

    private ProviderCheck() {}

    /**
     * How far the outputs are from the CPU's: the least of all outputs' ratios of signal to difference.
     *
     * @param cpu session of the same network
     * @param outputs as the provider computed them, float32 or float16; others are not compared
     * @return decibels; positive infinity where nothing differs, negative where the difference is larger than the signal or
     *     an output is no number
     */
    static double decibels(OrtSession cpu, Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs)
            throws OrtException {
        double least = Double.POSITIVE_INFINITY;
        try (OrtSession.Result expected = cpu.run(inputs, outputs.keySet())) {
            for (Map.Entry<String, OnnxTensor> output : outputs.entrySet()) {
                FloatBuffer computed = output.getValue().getFloatBuffer();
                FloatBuffer right = ((OnnxTensor) expected.get(output.getKey()).orElseThrow()).getFloatBuffer();
                if (computed != null && right != null) {
                    least = Math.min(least, decibels(right, computed));
                }
            }
        }
        return least;
    }

    private static double decibels(FloatBuffer right, FloatBuffer computed) {
        double signal = 0;
        double difference = 0;
        for (int i = 0; i < right.limit(); i++) {
            double value = right.get(i);
            signal += value * value;
            difference += (value - computed.get(i)) * (value - computed.get(i));
        }
        if (difference == 0) {
            return Double.POSITIVE_INFINITY;
        }
        return Double.isFinite(difference) ? 10 * Math.log10(signal / difference) : Double.NEGATIVE_INFINITY;
    }
}
