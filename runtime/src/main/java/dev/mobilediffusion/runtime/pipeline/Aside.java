package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.InferenceException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/** Work of the loading that runs beside the rest, on a thread of its own. Must be joined. */
final class Aside<T> {

    private final FutureTask<T> task;

    private Aside(FutureTask<T> task) {
        this.task = task;
    }

    static <T> Aside<T> start(String name, Supplier<T> work) {
        FutureTask<T> task = new FutureTask<>(work::get);
        Thread.ofPlatform().name(name).daemon().start(task);
        return new Aside<>(task);
    }

    /** What came of it, or the exception that ended it; waits for either, whoever interrupts. */
    T join() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException later) {
                    interrupted = true;
                } catch (ExecutionException failure) {
                    throw rethrown(failure.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static RuntimeException rethrown(Throwable cause) {
        return switch (cause) {
            case RuntimeException unchecked -> unchecked;
            case Error error -> throw error;
            default ->
                new InferenceException(InferenceException.Code.INFERENCE_FAILED, "loading failed: " + cause, cause);
        };
    }
}
