package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/** Tells the listener of every stage, measures it, and stops between two when the token has fired. For one image. */
final class StageClock {

    private final ProgressListener progress;
    private final CancelToken cancel;
    private final Map<Stage, Duration> durations = new EnumMap<>(Stage.class);
    private Stage current;
    private long sinceNanos;

    StageClock(ProgressListener progress, CancelToken cancel) {
        this.progress = progress;
        this.cancel = cancel;
    }

    void enter(Stage stage) {
        finish();
        cancel.throwIfCancelled();
        progress.onStage(stage);
        current = stage;
        sinceNanos = System.nanoTime();
    }

    StageTimings stop() {
        finish();
        return new StageTimings(durations);
    }

    private void finish() {
        if (current != null) {
            durations.put(current, Duration.ofNanos(System.nanoTime() - sinceNanos));
            current = null;
        }
    }
}
