package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.SecondPass;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The settings of an image in the words of AUTOMATIC1111's web UI, which other programs read back from the file:
 *
 * <pre>
 * a red house by the sea at sunset
 * Negative prompt: snow
 * Steps: 8, Sampler: Euler, CFG scale: 1, Seed: 7, Size: 512x512, Model hash: 0123456789, Model: pocket
 * </pre>
 */
public final class Infotext {

    private static final int HASH_DIGITS = 10;

    private Infotext() {}

    public static String of(GeneratedImage image, ModelInfo model) {
        return of(image.request(), image.width(), image.height(), model);
    }

    /**
     * As {@link #of(GeneratedImage, ModelInfo)}, without the pixels.
     *
     * @param request with every default filled in
     * @param width of the file in pixels
     * @param height of the file in pixels
     */
    public static String of(ImageRequest request, int width, int height, ModelInfo model) {
        return of(
                request,
                request.source()
                        .map(source -> OptionalDouble.of(source.strength()))
                        .orElseGet(OptionalDouble::empty),
                width,
                height,
                model);
    }

    /**
     * As {@link #of(ImageRequest, int, int, ModelInfo)}, without the image that was drawn anew.
     *
     * @param strength of it; empty for text to image
     */
    public static String of(ImageRequest request, OptionalDouble strength, int width, int height, ModelInfo model) {
        StringBuilder text = new StringBuilder(request.prompt());
        request.loras().forEach(lora -> text.append(" <lora:%s:%s>".formatted(lora.name(), shortest(lora.weight()))));
        text.append('\n');
        if (!request.negativePrompt().isBlank()) {
            text.append("Negative prompt: ").append(request.negativePrompt()).append('\n');
        }
        List<String> settings = new ArrayList<>();
        request.steps().ifPresent(steps -> settings.add("Steps: " + steps));
        settings.add("Sampler: " + samplerName(model.schedulerName()));
        request.guidanceScale().ifPresent(scale -> settings.add("CFG scale: " + shortest(scale)));
        settings.add("Seed: " + request.seed());
        settings.add("Size: %sx%s".formatted(width, height));
        strength.ifPresent(share -> settings.add("Denoising strength: " + shortest(share)));
        request.secondPass().ifPresent(pass -> addSecondPass(pass, settings));
        settings.add("Model hash: "
                + model.sha256()
                        .substring(0, Math.min(HASH_DIGITS, model.sha256().length())));
        settings.add("Model: " + quotedIfNeeded(model.name()));
        settings.add("Version: MobileDiffusion");
        return text.append(String.join(", ", settings)).toString();
    }

    private static void addSecondPass(SecondPass pass, List<String> settings) {
        settings.add("Denoising strength: " + shortest(pass.strength()));
        settings.add("Hires resize: %sx%s".formatted(pass.width(), pass.height()));
        pass.steps().ifPresent(steps -> settings.add("Hires steps: " + steps));
        if (!pass.upscaler().isEmpty()) {
            settings.add("Hires upscaler: " + quotedIfNeeded(pass.upscaler()));
        }
    }

    /** What A1111 calls a scheduler of diffusers; the same name where it has none. */
    public static String samplerName(String schedulerName) {
        return switch (schedulerName) {
            case "FlowMatchEulerDiscreteScheduler", "EulerDiscreteScheduler" -> "Euler";
            case "EulerAncestralDiscreteScheduler" -> "Euler a";
            case "DDIMScheduler" -> "DDIM";
            case "LCMScheduler" -> "LCM";
            case "TCDScheduler" -> "TCD";
            case "DPMSolverMultistepScheduler" -> "DPM++ 2M";
            case "DPMSolverMultistepScheduler sde-dpmsolver++" -> "DPM++ 2M SDE";
            case "HeunDiscreteScheduler" -> "Heun";
            case "KDPM2DiscreteScheduler" -> "DPM2";
            case "KDPM2AncestralDiscreteScheduler" -> "DPM2 a";
            case "LMSDiscreteScheduler" -> "LMS";
            case "UniPCMultistepScheduler" -> "UniPC";
            case "DEISMultistepScheduler" -> "DEIS";
            case "DDPMScheduler" -> "DDPM";
            case "PNDMScheduler" -> "PLMS";
            default -> schedulerName;
        };
    }

    private static String shortest(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    private static String quotedIfNeeded(String value) {
        return value.contains(",") ? '"' + value.replace("\"", "\\\"") + '"' : value;
    }
}
