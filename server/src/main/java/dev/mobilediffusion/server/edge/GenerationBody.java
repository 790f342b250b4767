package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ControlUpload;
import dev.mobilediffusion.server.generation.Field;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.RequestDraft;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import dev.mobilediffusion.server.wire.Prompts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The body of an image request: OpenAI's fields with ours, read leniently where clients in the wild are sloppy and
 * strictly where a wrong value would draw a wrong image. Unknown fields are ignored, and named in a warning.
 *
 * @param spec what is to be drawn
 * @param stream whether the client wants events rather than one answer
 * @param wantsUrl whether the client wants links rather than bytes
 * @param warnings sentences for the person who asked
 */
public record GenerationBody(JobSpec spec, boolean stream, boolean wantsUrl, List<String> warnings) {

    private static final FieldNames NAMES = new FieldNames(Map.of(
            Field.WIDTH, "size",
            Field.HEIGHT, "size",
            Field.FORMAT, "output_format",
            Field.QUALITY, "output_compression",
            Field.PREVIEWS, "partial_images"));

    private static final int IGNORED_SHOWN = 8;

    /** Fields that mean something here, people's other names for them, and one that is for the client's own books. */
    private static final Set<String> KNOWN = Set.of(
            "prompt",
            "negative_prompt",
            "model",
            "strict",
            "n",
            "num_images",
            "batch_size",
            "size",
            "width",
            "height",
            "seed",
            "steps",
            "step",
            "num_inference_steps",
            "num_steps",
            "guidance_scale",
            "cfg_scale",
            "cfg",
            "guidance",
            "output_format",
            "output_compression",
            "response_format",
            "metadata",
            "background",
            "stream",
            "partial_images",
            "timeout_seconds",
            "user",
            "loras");

    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})[xX](\\d{1,5})");

    /** What a request is for. */
    public enum Kind {
        /** Draws from words; with an image among the fields, anew from that. */
        GENERATION,
        /** Draws an image anew as the words say. */
        EDIT,
        /** Draws an image anew, with or without words. */
        VARIATION
    }

    public static GenerationBody of(Form form, Kind kind, String api, ModelCatalog models, Set<ImageFormat> formats) {
        List<String> warnings = new ArrayList<>();
        Optional<Source> source = SourceFields.of(form, warnings);
        if (kind != Kind.GENERATION && source.isEmpty()) {
            throw ApiException.invalid("image", "image is missing; it must be a PNG, JPEG or WebP file");
        }
        Optional<ControlUpload> control = ControlFields.of(form);
        ObjectNode body = form.fields();
        Prompts.Plain plain = Prompts.plain(body, prompt(new Fields(body), kind));
        Fields fields = plain.fields();
        nameIgnored(fields, warnings);
        ModelInfo defaults = models.defaultModel();
        String model = model(fields, models, defaults.name());
        Optional<Sides> size = size(fields, defaults);
        size.filter(wanted -> wanted.width() != defaults.width() || wanted.height() != defaults.height())
                .ifPresent(wanted -> warnings.add("%s was made from the model's own %sx%s"
                        .formatted(wanted.width() + "x" + wanted.height(), defaults.width(), defaults.height())));
        if (fields.lenientText("background").orElse("").equals("transparent")) {
            warnings.add("a transparent background is not possible; the picture is opaque");
        }
        RequestDraft draft = new RequestDraft(api, NAMES).model(model).loras(LoraFields.of(fields, models));
        draft = (kind == Kind.VARIATION ? draft.promptOrNothing(plain.prompt()) : draft.prompt(plain.prompt()))
                .negativePrompt(fields.text("negative_prompt").orElse(""))
                .seed(fields.whole("seed"))
                .steps(fields.count("steps", "step", "num_inference_steps", "num_steps"))
                .guidanceScale(fields.real("guidance_scale", "cfg_scale", "cfg", "guidance"))
                .count(fields.count("n", "num_images", "batch_size").orElse(1))
                .format(format(fields), formats)
                .quality(fields.count("output_compression"))
                .metadata(fields.flag("metadata", true))
                .previews(fields.count("partial_images").orElse(0))
                .timeout(fields.real("timeout_seconds"))
                .source(source)
                .secondPass(UpscaleFields.of(
                        fields,
                        size.map(Sides::width).orElse(defaults.width()),
                        size.map(Sides::height).orElse(defaults.height()),
                        source.isEmpty()));
        if (size.isPresent()) {
            draft.size(size.get().width(), size.get().height());
        }
        warnings.addAll(draft.warnings());
        boolean wantsUrl = fields.lenientText("response_format").orElse("").equals("url");
        JobSpec words = draft.spec();
        JobSpec spec = control.map(words::withControl).orElse(words);
        return new GenerationBody(spec, fields.flag("stream", false), wantsUrl, List.copyOf(warnings));
    }

    private static String prompt(Fields fields, Kind kind) {
        return fields.text("prompt")
                .or(() -> Optional.of("").filter(nothing -> kind == Kind.VARIATION))
                .orElseThrow(() -> ApiException.invalid("prompt", "prompt is missing; it must be a string"));
    }

    /** A misspelled setting would draw another image than was asked for, and nobody would know why. */
    private static void nameIgnored(Fields fields, List<String> warnings) {
        List<String> ignored = fields.names().stream()
                .filter(name -> !KNOWN.contains(name)
                        && !SourceFields.NAMES.contains(name)
                        && !ControlFields.NAMES.contains(name)
                        && !UpscaleFields.NAMES.contains(name))
                .map(GenerationBody::abridged)
                .toList();
        if (!ignored.isEmpty()) {
            String more = ignored.size() > IGNORED_SHOWN ? " and more" : "";
            warnings.add("fields without an effect here: "
                    + String.join(", ", ignored.subList(0, Math.min(IGNORED_SHOWN, ignored.size()))) + more);
        }
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

    private static Optional<Sides> size(Fields fields, ModelInfo defaults) {
        String text = fields.text("size").orElse("").strip();
        if (text.isEmpty() || text.equalsIgnoreCase("auto")) {
            OptionalInt width = fields.count("width");
            OptionalInt height = fields.count("height");
            return width.isEmpty() && height.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Sides(width.orElse(defaults.width()), height.orElse(defaults.height())));
        }
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            throw ApiException.invalid(
                    "size", "size must be \"auto\" or WIDTHxHEIGHT such as 512x512, got \"%s\"", abridged(text));
        }
        return Optional.of(new Sides(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))));
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

    /** As asked for, in pixels, in bounds or not. */
    private record Sides(int width, int height) {}

    private static String abridged(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
