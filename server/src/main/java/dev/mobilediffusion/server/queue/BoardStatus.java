package dev.mobilediffusion.server.queue;

import java.util.List;
import java.util.Optional;

/**
 * What a board of a fleet tells of itself.
 *
 * @param name unique in the fleet
 * @param version of its program
 * @param models that it holds
 * @param capacity jobs that may wait for its sake
 * @param secondsPerImage as it measured lately, positive
 * @param drawing images that it has taken
 * @param celsius its hottest sensor; empty where it has none
 * @param resting whether its owner told it to draw nothing
 */
public record BoardStatus(
        String name,
        String version,
        List<String> models,
        int capacity,
        double secondsPerImage,
        int drawing,
        Optional<Double> celsius,
        boolean resting) {

    public BoardStatus {
        models = List.copyOf(models);
    }

    /** The same, as its owner told it. */
    public BoardStatus withResting(boolean value) {
        return new BoardStatus(name, version, models, capacity, secondsPerImage, drawing, celsius, value);
    }
}
