package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.generation.LoraChoice;
import dev.mobilediffusion.server.generation.RequestDraft;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.models.ModelCatalog;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * From a request's message to what a job has to do. Strict: a wrong value is refused by its field's name.
 *
 * @param models that may be named
 * @param formats that can be written here
 */
record GenerationRequest(ModelCatalog models, Set<ImageFormat> formats) {

    private static final String API = "grpc";

    /**
     * What a request asks for.
     *
     * @param warnings sentences for the person who asked
     */
    record Asked(JobSpec spec, List<String> warnings) {}

    Asked read(GenerateRequest request, Lifetime lifetime) {
        LargeMessages.requireRoom();
        requireSeed(request);
        RequestDraft draft = new RequestDraft(API, FieldNames.OWN)
                .model(model(request.getModel()))
                .loras(new LoraChoice(models.loras()))
                .prompt(request.getPrompt())
                .negativePrompt(request.getNegativePrompt())
                .seed(request.hasSeed() ? OptionalLong.of(request.getSeed()) : OptionalLong.empty())
                .steps(request.hasSteps() ? OptionalInt.of(request.getSteps()) : OptionalInt.empty())
                .guidanceScale(
                        request.hasGuidanceScale()
                                ? OptionalDouble.of(request.getGuidanceScale())
                                : OptionalDouble.empty())
                .count(request.hasN() ? request.getN() : 1)
                .format(format(request), formats)
                .quality(request.hasQuality() ? OptionalInt.of(request.getQuality()) : OptionalInt.empty())
                .timeout(
                        request.hasTimeoutSeconds()
                                ? OptionalDouble.of(request.getTimeoutSeconds())
                                : OptionalDouble.empty())
                .lifetime(lifetime)
                .source(SourceFields.of(request));
        size(request, draft);
        JobSpec words = draft.spec();
        return new Asked(ControlFields.of(request).map(words::withControl).orElse(words), draft.warnings());
    }

    /** Strict here: what is negative in A1111 means a random seed. */
    private static void requireSeed(GenerateRequest request) {
        if (request.hasSeed() && request.getSeed() < 0) {
            throw ApiException.invalid("seed", "seed must be in [0, %d], got %d", Long.MAX_VALUE, request.getSeed());
        }
    }

    private String model(String name) {
        if (name.isEmpty()) {
            return models.defaultModel().name();
        }
        if (models.find(name).isEmpty()) {
            throw ApiException.of(
                    ErrorCode.MODEL_NOT_FOUND,
                    "model",
                    "there is no model \"%s\"; ListModels lists them".formatted(abridged(name)));
        }
        return name;
    }

    private static void size(GenerateRequest request, RequestDraft draft) {
        if (request.hasWidth() != request.hasHeight()) {
            String missing = request.hasWidth() ? "height" : "width";
            throw ApiException.invalid(missing, "width and height come together or not at all; %s is missing", missing);
        }
        if (request.hasWidth()) {
            draft.size(request.getWidth(), request.getHeight());
        }
    }

    private static ImageFormat format(GenerateRequest request) {
        return switch (request.getFormat()) {
            case IMAGE_FORMAT_UNSPECIFIED, IMAGE_FORMAT_PNG -> ImageFormat.PNG;
            case IMAGE_FORMAT_JPEG -> ImageFormat.JPEG;
            case IMAGE_FORMAT_WEBP -> ImageFormat.WEBP;
            case UNRECOGNIZED ->
                throw ApiException.invalid(
                        "format",
                        "format must be in [0, %d], got %d",
                        dev.mobilediffusion.server.grpc.v1.ImageFormat.IMAGE_FORMAT_WEBP_VALUE,
                        request.getFormatValue());
        };
    }

    private static String abridged(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
