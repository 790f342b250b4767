package dev.mobilediffusion.runtime;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** How long each stage of an image took. Immutable; stages that did not run are absent. */
public record StageTimings(Map<Stage, Duration> durations) {

    public static final StageTimings NONE = new StageTimings(Map.of());

    public StageTimings {
        EnumMap<Stage, Duration> copy = new EnumMap<>(Stage.class);
        copy.putAll(durations);
        durations = Collections.unmodifiableMap(copy);
    }

    public Duration of(Stage stage) {
        return durations.getOrDefault(stage, Duration.ZERO);
    }

    public StageTimings with(Stage stage, Duration duration) {
        EnumMap<Stage, Duration> copy = new EnumMap<>(Stage.class);
        copy.putAll(durations);
        copy.put(stage, duration);
        return new StageTimings(copy);
    }

    /** Each stage as long as in both together. */
    public StageTimings plus(StageTimings other) {
        StageTimings sum = this;
        for (Map.Entry<Stage, Duration> stage : other.durations.entrySet()) {
            sum = sum.with(stage.getKey(), of(stage.getKey()).plus(stage.getValue()));
        }
        return sum;
    }

    public Duration total() {
        return durations.values().stream().reduce(Duration.ZERO, Duration::plus);
    }
}
