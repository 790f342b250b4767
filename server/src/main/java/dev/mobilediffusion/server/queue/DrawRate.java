package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.job.JobStatus;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How long images take, by model: the measured time of one call of its UNet times the calls that an image needs, and what
 * an image takes beside those. Both are exponential moving averages. Not thread-safe: the queue's lock guards it.
 */
final class DrawRate {

    /** Until a model has drawn: about what a phone-class board takes. */
    private static final double FIRST_GUESS_SECONDS = 1;

    /** Weight of a new measurement: the last five or so images count. */
    private static final double NEWEST = 0.3;

    private final Map<String, Pace> paces = new HashMap<>();

    /** Seconds of a call of the UNet, and of all the rest of an image. */
    private record Pace(ModelInfo model, double perCall, double beside) {

        Pace then(DrawCost cost) {
            double unet = cost.unetCalls() == 0 ? perCall : seconds(cost.unet()) / cost.unetCalls();
            return new Pace(
                    cost.model(),
                    perCall + NEWEST * (unet - perCall),
                    beside + NEWEST * (seconds(cost.beside()) - beside));
        }

        double unet(ImageRequest request) {
            return perCall * DrawCost.unetCalls(request, model);
        }
    }

    void observe(DrawCost cost) {
        Pace known = paces.get(cost.model().name());
        Pace first =
                new Pace(cost.model(), seconds(cost.unet()) / Math.max(1, cost.unetCalls()), seconds(cost.beside()));
        paces.put(cost.model().name(), known == null ? first : known.then(cost));
    }

    /** How long an image will take. */
    Duration whole(ImageTask task) {
        return ofSeconds(unet(task) + beside(task));
    }

    /** How long an image will take that a worker has begun. */
    Duration left(ImageTask task) {
        JobStatus status = task.job().status();
        if (status.state().isFinal() || task.job().has(task.index())) {
            return Duration.ZERO;
        }
        Optional<Stage> stage = status.stage();
        if (stage.isEmpty()) {
            return whole(task);
        }
        return switch (stage.get()) {
            case QUEUE, TOKENIZE, TEXT_ENCODER -> whole(task);
            case UNET -> {
                double done = status.steps() == 0 ? 0 : (double) status.step() / status.steps();
                yield ofSeconds(unet(task) * (1 - done) + beside(task));
            }
            // Half done on average
            case VAE_DECODER, ENCODE -> ofSeconds(beside(task) / 2);
        };
    }

    private double unet(ImageTask task) {
        Pace pace = paces.get(task.job().spec().model());
        return pace == null ? FIRST_GUESS_SECONDS * task.request().steps().orElse(1) : pace.unet(task.request());
    }

    private double beside(ImageTask task) {
        Pace pace = paces.get(task.job().spec().model());
        return pace == null ? FIRST_GUESS_SECONDS : pace.beside() * DrawCost.passes(task.request(), pace.model());
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    private static Duration ofSeconds(double seconds) {
        return Duration.ofNanos((long) (seconds * 1e9));
    }
}
