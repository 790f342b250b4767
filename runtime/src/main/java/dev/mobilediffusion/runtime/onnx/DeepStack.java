package dev.mobilediffusion.runtime.onnx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Runs what needs a deep stack. ONNX Runtime 1.29 reads the process's command line when its environment is made, and
 * recurses over it, some hundred bytes of stack per character: on a thread of the usual 1 MiB a long prompt or class
 * path ends the process with a segmentation fault, without a word.
 */
final class DeepStack {

    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
    private static final long BASE_BYTES = 8L << 20;
    private static final long BYTES_PER_CHARACTER = 2048;
    private static final long MAX_BYTES = 1L << 30;

    private DeepStack() {}

    /** Calls {@code action} on a thread whose stack fits this process's command line, and waits for it. */
    static <T> T call(Callable<T> action) throws ExecutionException {
        FutureTask<T> task = new FutureTask<>(action);
        // Reserved, not used: what is never touched takes no memory
        new Thread(null, task, "onnxruntime-start", stackBytes()).start();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true; // native code cannot be left half way
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static long stackBytes() {
        try {
            long characters = Files.readAllBytes(COMMAND_LINE).length;
            return Math.min(MAX_BYTES, BASE_BYTES + characters * BYTES_PER_CHARACTER);
        } catch (IOException e) {
            return BASE_BYTES; // no Linux, so nothing that reads it
        }
    }
}
