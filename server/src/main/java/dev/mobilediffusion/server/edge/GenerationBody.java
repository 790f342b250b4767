package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.generation.ImageSize;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Prompts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The body of an image request: OpenAI's fields with ours, read leniently where clients in the wild are sloppy and
 * strictly where a wrong value would draw a wrong picture. Unknown fields are ignored.
 *
 * @param spec what is to be drawn
 * @param stream whether the client wants events rather than one answer
 * @param wantsUrl whether the client wants links rather than bytes
 * @param warnings sentences for the person who asked
 */
public record GenerationBody(JobSpec spec, boolean stream, boolean wantsUrl, List<String> warnings) {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})[xX](\\d{1,5})");

    public static GenerationBody of(ObjectNode body, String api, ModelCatalog models) {
        Fields fields = new Fields(body);
        List<String> warnings = new ArrayList<>();
        String prompt = prompt(fields);
        Optional<ObjectNode> hidden = Prompts.hiddenSettings(prompt);
        if (hidden.isPresent()) {
            fields = new Fields(hidden.get().setAll(body));
            prompt = Prompts.withoutSettings(prompt);
        }
        ModelInfo defaults = models.defaultModel();
        String model = model(fields, models, defaults.name());
        Optional<ImageSize> size = size(fields);
        size.filter(wanted -> wanted.width() != defaults.width() || wanted.height() != defaults.height())
                .ifPresent(wanted -> warnings.add("%s was made from the model's own %sx%s"
                        .formatted(wanted, defaults.width(), defaults.height())));
        if (fields.lenientText("background").orElse("").equals("transparent")) {
            warnings.add("a transparent background is not possible; the picture is opaque");
        }
        JobSpec spec = new JobSpec(
                api,
                model,
                image(fields, prompt),
                fields.count("n").orElse(1),
                new Delivery(
                        size,
                        format(fields),
                        fields.count("output_compression").orElse(Delivery.DEFAULT_QUALITY),
                        fields.flag("metadata", true),
                        fields.count("partial_images").orElse(0)),
                timeout(fields),
                Optional.empty(),
                Lifetime.ATTACHED);
        boolean wantsUrl = fields.lenientText("response_format").orElse("").equals("url");
        return new GenerationBody(spec, fields.flag("stream", false), wantsUrl, List.copyOf(warnings));
    }

    private static String prompt(Fields fields) {
        String prompt = fields.text("prompt")
                .orElseThrow(() -> ApiException.invalid("prompt", "prompt is missing; it must be a string"));
        if (prompt.isBlank()) {
            throw ApiException.invalid("prompt", "prompt must not be empty");
        }
        return Prompts.bounded("prompt", prompt);
    }

    /** Clients name OpenAI's models, which nobody has here; so an unknown name means the default unless strict. */
    private static String model(Fields fields, ModelCatalog models, String otherwise) {
        String name = fields.lenientText("model").orElse("");
        if (name.isEmpty()) {
            return otherwise; // without a look at the folder of models, which is on disk
        }
        if (models.find(name).isPresent()) {
            return name;
        }
        if (fields.flag("strict", false)) {
            throw ApiException.of(
                    ErrorCode.MODEL_NOT_FOUND,
                    "model",
                    "there is no model \"%s\"; GET /v1/models lists them".formatted(abridged(name)));
        }
        return otherwise;
    }

    private static ImageRequest image(Fields fields, String prompt) {
        long seed = Prompts.seed(fields.whole("seed"));
        OptionalInt steps = fields.count("steps", "step", "num_inference_steps");
        OptionalDouble guidanceScale = fields.real("guidance_scale", "cfg_scale");
        String negative = Prompts.bounded(
                "negative_prompt", fields.text("negative_prompt").orElse(""));
        return new ImageRequest(prompt, negative, seed, steps, guidanceScale);
    }

    private static Optional<ImageSize> size(Fields fields) {
        String text = fields.text("size").orElse("").strip();
        if (text.isEmpty() || text.equalsIgnoreCase("auto")) {
            return Optional.empty();
        }
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            throw ApiException.invalid(
                    "size", "size must be \"auto\" or WIDTHxHEIGHT such as 512x512, got \"%s\"", abridged(text));
        }
        return Optional.of(new ImageSize(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))));
    }

    private static ImageFormat format(Fields fields) {
        String text = fields.text("output_format").orElse("png").toLowerCase(Locale.ROOT);
        return switch (text) {
            case "png", "" -> ImageFormat.PNG;
            case "jpeg", "jpg" -> ImageFormat.JPEG;
            case "webp" -> ImageFormat.WEBP;
            default ->
                throw ApiException.invalid(
                        "output_format", "output_format must be png, jpeg or webp, got \"%s\"", abridged(text));
        };
    }

    private static Optional<Duration> timeout(Fields fields) {
        OptionalDouble seconds = fields.real("timeout_seconds");
        if (seconds.isEmpty()) {
            return Optional.empty();
        }
        double value = seconds.getAsDouble();
        if (!(value > 0 && value <= JobSpec.MAX_TIMEOUT.toSeconds())) {
            throw ApiException.invalid(
                    "timeout_seconds",
                    "timeout_seconds must be in (0, %d], got %s",
                    JobSpec.MAX_TIMEOUT.toSeconds(),
                    value);
        }
        return Optional.of(Duration.ofNanos((long) (value * 1e9)));
    }

    private static String abridged(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
