package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.generation.Field;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.LoraChoice;
import dev.mobilediffusion.server.generation.RequestDraft;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.Prompts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The body of {@code POST /sdapi/v1/txt2img} and {@code img2img}. Settings that a model without add-ons cannot follow are ignored, as are
 * unknown fields; a value out of range is refused by its name in A1111.
 *
 * @param spec what is to be drawn
 * @param sendImages whether the reply holds the images
 * @param warnings sentences for the person who asked
 * @param echo the request for the reply, without what must not be shown again
 */
record TextToImageBody(JobSpec spec, boolean sendImages, List<String> warnings, ObjectNode echo) {

    private static final FieldNames NAMES = new FieldNames(Map.of(Field.GUIDANCE_SCALE, "cfg_scale"));

    /** SillyTavern puts the user's credentials into the body. */
    private static final List<String> NOT_ECHOED = List.of("auth", "url");

    /**
     * @param source what img2img starts from
     * @param choice of the caller, over which the request's {@code override_settings} go
     * @param sampler the one that the model was made for, in A1111's word; a wish for another is answered by a warning
     */
    static TextToImageBody of(
            ObjectNode body,
            Optional<Source> source,
            Choices choices,
            Choice choice,
            Checkpoints checkpoints,
            String sampler) {
        Prompts.Plain plain =
                Prompts.plain(body, new Fields(body).text("prompt").orElse(""));
        Fields fields = plain.fields();
        List<String> warnings = new ArrayList<>();
        Choice effective = overridden(fields, choices, choice);
        requireKnownSampler(fields, sampler, warnings);
        OptionalInt steps = fields.count("steps");
        int drawn = steps.orElse(checkpoints.models().defaultModel().defaultSteps());
        RequestDraft draft = new RequestDraft(SdApi.API.label(), NAMES)
                .model(model(fields, effective, checkpoints))
                .loras(new LoraChoice(checkpoints.models().loras()))
                .promptOrNothing(plain.prompt())
                .negativePrompt(fields.text("negative_prompt").orElse(""))
                .seed(fields.whole("seed"))
                .steps(steps)
                .guidanceScale(fields.real("cfg_scale"))
                .count(count(fields))
                .format(effective.format(), Set.of(effective.format()))
                .metadata(effective.metadata())
                .source(source)
                .previews(previews(effective.previewEvery(), drawn));
        size(fields, source.isEmpty() && fields.flag("enable_hr", false), checkpoints, draft);
        warnings.addAll(draft.warnings());
        JobSpec words = draft.spec();
        JobSpec spec = ControlNetFields.take(
                        body,
                        () -> checkpoints.models().controls(words.model()),
                        () -> source.map(from -> from.image().content().read()),
                        warnings)
                .map(words::withControl)
                .orElse(words);
        ObjectNode echo = body.deepCopy().remove(NOT_ECHOED);
        return new TextToImageBody(spec, fields.flag("send_images", true), List.copyOf(warnings), echo);
    }

    private static Choice overridden(Fields fields, Choices choices, Choice choice) {
        JsonNode override = fields.object().path("override_settings");
        if (override.isMissingNode() || override.isNull()) {
            return choice;
        }
        if (!(override instanceof ObjectNode settings)) {
            throw ApiException.invalid(
                    "override_settings", "override_settings must be an object, got %s", Json.kind(override));
        }
        return choices.changed(choice, settings);
    }

    /** stable-diffusion.cpp's clients name the model beside the prompt, often one that is not here. */
    private static String model(Fields fields, Choice choice, Checkpoints checkpoints) {
        return fields.lenientText("model")
                .flatMap(checkpoints::find)
                .or(choice::checkpoint)
                .orElseGet(checkpoints::defaultTitle);
    }

    /** One image after the other here, so a batch and a repetition are the same. */
    private static int count(Fields fields) {
        long batch = fields.count("batch_size").orElse(1);
        long repetitions = fields.count("n_iter").orElse(1);
        if (batch < 1 || repetitions < 1 || batch * repetitions > JobSpec.MAX_COUNT) {
            throw ApiException.invalid(
                    batch < 1 || repetitions == 1 ? "batch_size" : "n_iter",
                    "batch_size and n_iter must be at least 1 and together at most %d, got %d and %d",
                    JobSpec.MAX_COUNT,
                    batch,
                    repetitions);
        }
        return (int) (batch * repetitions);
    }

    private static void size(Fields fields, boolean enlarged, Checkpoints checkpoints, RequestDraft draft) {
        OptionalInt width = fields.count("width");
        OptionalInt height = fields.count("height");
        ModelInfo model = checkpoints.models().defaultModel();
        int wide = width.orElse(model.width());
        int high = height.orElse(model.height());
        if (width.isPresent() || height.isPresent()) {
            draft.size(wide, high);
        }
        if (enlarged) {
            draft.secondPass(Optional.of(HiresFields.secondPass(fields, wide, high)));
        }
    }

    private static void requireKnownSampler(Fields fields, String sampler, List<String> warnings) {
        String wanted = fields.lenientText("sampler_name")
                .filter(name -> !name.isBlank())
                .or(() -> fields.lenientText("sampler_index"))
                .orElse("");
        if (!wanted.isBlank() && !wanted.equalsIgnoreCase(sampler)) {
            warnings.add("the model draws with its own sampler, %s; another one was asked for".formatted(sampler));
        }
    }

    private static int previews(int every, int steps) {
        return every == 0 ? 0 : Math.clamp((steps - 1) / every, 0, Delivery.MAX_PREVIEWS);
    }
}
