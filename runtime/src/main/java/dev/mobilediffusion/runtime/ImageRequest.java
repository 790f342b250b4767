package dev.mobilediffusion.runtime;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * One image to draw. What is left empty, the model decides ({@link ModelInfo}).
 *
 * <pre>{@code
 * ImageRequest.of("a red house by the sea at sunset", 7).withSteps(8)
 * }</pre>
 *
 * @param prompt what to draw; a blank one draws what the model draws when told nothing
 * @param negativePrompt what to keep out; empty for nothing
 * @param seed start of the noise, as in {@code torch.Generator("cpu").manual_seed(seed)}; in [0, 2^63)
 * @param steps denoising steps in [1, {@value #MAX_STEPS}]
 * @param guidanceScale strength of classifier-free guidance in [0, {@value #MAX_GUIDANCE_SCALE}]; 1 and below means none
 * @param source the image that is drawn anew; empty for text to image
 * @param loras at most {@value Lora#MAX_COUNT} that the model is adapted by, in the order they are added
 * @param control the picture whose lines are followed; empty for none
 * @param secondPass how it becomes larger than the model draws; empty for the model's own size
 */
public record ImageRequest(
        String prompt,
        String negativePrompt,
        long seed,
        OptionalInt steps,
        OptionalDouble guidanceScale,
        Optional<SourceImage> source,
        List<Lora> loras,
        Optional<ControlImage> control,
        Optional<SecondPass> secondPass) {

    public static final int MAX_STEPS = 150;
    public static final double MAX_GUIDANCE_SCALE = 30;

    /** A request for text to image. */
    public ImageRequest(
            String prompt, String negativePrompt, long seed, OptionalInt steps, OptionalDouble guidanceScale) {
        this(
                prompt,
                negativePrompt,
                seed,
                steps,
                guidanceScale,
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty());
    }

    public ImageRequest {
        Objects.requireNonNull(prompt, "prompt");
        Objects.requireNonNull(negativePrompt, "negativePrompt");
        Objects.requireNonNull(steps, "steps");
        Objects.requireNonNull(guidanceScale, "guidanceScale");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(control, "control");
        Objects.requireNonNull(secondPass, "secondPass");
        loras = List.copyOf(loras);
        if (loras.size() > Lora.MAX_COUNT) {
            throw InferenceException.invalid("loras", "loras must be at most %d, got %d", Lora.MAX_COUNT, loras.size());
        }
        if (seed < 0) {
            throw InferenceException.invalid("seed", "seed must be in [0, %d], got %d", Long.MAX_VALUE, seed);
        }
        if (steps.isPresent() && (steps.getAsInt() < 1 || steps.getAsInt() > MAX_STEPS)) {
            throw InferenceException.invalid("steps", "steps must be in [1, %d], got %d", MAX_STEPS, steps.getAsInt());
        }
        if (guidanceScale.isPresent()
                && !(guidanceScale.getAsDouble() >= 0 && guidanceScale.getAsDouble() <= MAX_GUIDANCE_SCALE)) {
            throw InferenceException.invalid(
                    "guidance_scale",
                    "guidance_scale must be in [0, %s], got %s",
                    MAX_GUIDANCE_SCALE,
                    guidanceScale.getAsDouble());
        }
    }

    public static ImageRequest of(String prompt, long seed) {
        return new ImageRequest(prompt, "", seed, OptionalInt.empty(), OptionalDouble.empty());
    }

    public ImageRequest withNegativePrompt(String text) {
        return new ImageRequest(prompt, text, seed, steps, guidanceScale, source, loras, control, secondPass);
    }

    public ImageRequest withSeed(long value) {
        return new ImageRequest(
                prompt, negativePrompt, value, steps, guidanceScale, source, loras, control, secondPass);
    }

    public ImageRequest withSteps(int value) {
        return new ImageRequest(
                prompt, negativePrompt, seed, OptionalInt.of(value), guidanceScale, source, loras, control, secondPass);
    }

    public ImageRequest withGuidanceScale(double value) {
        return new ImageRequest(
                prompt, negativePrompt, seed, steps, OptionalDouble.of(value), source, loras, control, secondPass);
    }

    public ImageRequest withSource(SourceImage value) {
        return new ImageRequest(
                prompt, negativePrompt, seed, steps, guidanceScale, Optional.of(value), loras, control, secondPass);
    }

    public ImageRequest withLoras(List<Lora> value) {
        return new ImageRequest(prompt, negativePrompt, seed, steps, guidanceScale, source, value, control, secondPass);
    }

    public ImageRequest withControl(ControlImage value) {
        return new ImageRequest(
                prompt, negativePrompt, seed, steps, guidanceScale, source, loras, Optional.of(value), secondPass);
    }

    public ImageRequest withSecondPass(Optional<SecondPass> value) {
        return new ImageRequest(prompt, negativePrompt, seed, steps, guidanceScale, source, loras, control, value);
    }

    /** The same without lines to follow. */
    public ImageRequest withoutControl() {
        return new ImageRequest(
                prompt, negativePrompt, seed, steps, guidanceScale, source, loras, Optional.empty(), secondPass);
    }
}
