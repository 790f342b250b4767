package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

/**
 * The stop flag of one run. The flag is sticky, so every run has its own; and it is native memory, so a token that
 * fires while the run ends must not touch it after it was freed.
 */
final class Terminator implements AutoCloseable {

    private final OrtSession.RunOptions options = new OrtSession.RunOptions();
    private boolean ended;

    Terminator() throws OrtException {}

    /** For the run that it may stop. */
    OrtSession.RunOptions options() {
        return options;
    }

    synchronized void terminate() {
        if (ended) {
            return;
        }
        try {
            options.setTerminate(true);
        } catch (OrtException failure) {
            throw OnnxRuntime.failure("cancel", failure);
        }
    }

    @Override
    public synchronized void close() {
        ended = true;
        options.close();
    }
}
