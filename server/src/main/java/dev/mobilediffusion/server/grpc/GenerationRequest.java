package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.generation.ImageSize;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.models.ModelCatalog;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * From a request's message to what a job has to do. Strict: a wrong value is refused by its field's name.
 *
 * @param models that may be named
 * @param formats that can be written here
 */
record GenerationRequest(ModelCatalog models, Set<ImageFormat> formats) {

    private static final String API = "grpc";
    private static final int MAX_PROMPT_LENGTH = 32_000;
    private static final long RANDOM_SEED_BOUND = 1L << 32; // what other servers use, and JavaScript can hold

    JobSpec spec(GenerateRequest request, Lifetime lifetime) {
        return new JobSpec(
                API,
                model(request.getModel()),
                image(request),
                request.hasN() ? request.getN() : 1,
                new Delivery(size(request), format(request), quality(request), true, 0),
                timeout(request),
                Optional.empty(),
                lifetime);
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

    private static ImageRequest image(GenerateRequest request) {
        return new ImageRequest(
                bounded("prompt", request.getPrompt()),
                bounded("negative_prompt", request.getNegativePrompt()),
                request.hasSeed()
                        ? request.getSeed()
                        : ThreadLocalRandom.current().nextLong(RANDOM_SEED_BOUND),
                request.hasSteps() ? OptionalInt.of(request.getSteps()) : OptionalInt.empty(),
                request.hasGuidanceScale() ? OptionalDouble.of(request.getGuidanceScale()) : OptionalDouble.empty());
    }

    private static String bounded(String field, String text) {
        if (text.length() > MAX_PROMPT_LENGTH) {
            throw ApiException.invalid(
                    field, "%s must have at most %d characters, got %d", field, MAX_PROMPT_LENGTH, text.length());
        }
        return text;
    }

    private static Optional<ImageSize> size(GenerateRequest request) {
        if (request.hasWidth() != request.hasHeight()) {
            String missing = request.hasWidth() ? "height" : "width";
            throw ApiException.invalid(missing, "width and height come together or not at all; %s is missing", missing);
        }
        if (!request.hasWidth()) {
            return Optional.empty();
        }
        requireInRange("width", request.getWidth(), ImageSize.MIN_PIXELS, ImageSize.MAX_PIXELS);
        requireInRange("height", request.getHeight(), ImageSize.MIN_PIXELS, ImageSize.MAX_PIXELS);
        return Optional.of(new ImageSize(request.getWidth(), request.getHeight()));
    }

    private ImageFormat format(GenerateRequest request) {
        ImageFormat format =
                switch (request.getFormat()) {
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
        if (!formats.contains(format)) {
            throw ApiException.invalid(
                    "format", "format %s cannot be written here; ask for PNG or JPEG", request.getFormat());
        }
        return format;
    }

    private static int quality(GenerateRequest request) {
        if (!request.hasQuality()) {
            return Delivery.DEFAULT_QUALITY;
        }
        requireInRange("quality", request.getQuality(), 0, 100);
        return request.getQuality();
    }

    private static Optional<Duration> timeout(GenerateRequest request) {
        if (!request.hasTimeoutSeconds()) {
            return Optional.empty();
        }
        double seconds = request.getTimeoutSeconds();
        long most = JobSpec.MAX_TIMEOUT.toSeconds();
        if (!(seconds > 0 && seconds <= most)) {
            throw ApiException.invalid("timeout_seconds", "timeout_seconds must be in (0, %d], got %s", most, seconds);
        }
        return Optional.of(Duration.ofNanos(Math.max(1, (long) (seconds * 1e9))));
    }

    private static void requireInRange(String field, int value, int min, int max) {
        if (value < min || value > max) {
            throw ApiException.invalid(field, "%s must be in [%d, %d], got %d", field, min, max, value);
        }
    }

    private static String abridged(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
