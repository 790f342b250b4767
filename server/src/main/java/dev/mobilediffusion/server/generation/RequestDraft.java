package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A request for images on its way from an API to a {@link JobSpec}: every default and every bound is here, once for all
 * APIs. An API only reads its fields and says how it spells them; a value out of bounds is refused by that spelling.
 *
 * <pre>{@code
 * JobSpec spec = new RequestDraft("grpc", FieldNames.OWN)
 *         .prompt("a red house by the sea")
 *         .spec();
 * }</pre>
 *
 * <p>Owned by the thread that reads the request. Methods throw {@link ApiException} INVALID_REQUEST.
 */
public final class RequestDraft {

    /** OpenAI's longest prompt, in UTF-16 units; the model cuts far earlier, and warns. */
    public static final int MAX_PROMPT_LENGTH = 32_000;

    public static final int MIN_QUALITY = 0;
    public static final int MAX_QUALITY = 100;

    private final String api;
    private final FieldNames names;
    private String model = "";
    private String prompt = "";
    private String negativePrompt = "";
    private LoraChoice loras = new LoraChoice(List.of());
    private OptionalLong seed = OptionalLong.empty();
    private OptionalInt steps = OptionalInt.empty();
    private OptionalDouble guidanceScale = OptionalDouble.empty();
    private int count = 1;
    private Optional<ImageSize> size = Optional.empty();
    private ImageFormat format = ImageFormat.PNG;
    private int quality = Delivery.DEFAULT_QUALITY;
    private boolean metadata = true;
    private int previews;
    private Optional<Duration> timeout = Optional.empty();
    private Lifetime lifetime = Lifetime.ATTACHED;
    private Optional<Source> source = Optional.empty();
    private Optional<SecondPass> secondPass = Optional.empty();

    /**
     * @param api that takes the request in, for metrics and logs
     * @param names of its fields
     */
    public RequestDraft(String api, FieldNames names) {
        this.api = Objects.requireNonNull(api, "api");
        this.names = Objects.requireNonNull(names, "names");
    }

    /** @param value name of a bundle that the server has */
    public RequestDraft model(String value) {
        model = value;
        return this;
    }

    /** @param value to which the prompt adds what it names; to be called before {@link #prompt} */
    public RequestDraft loras(LoraChoice value) {
        loras = value;
        return this;
    }

    /** @param value of at most {@value #MAX_PROMPT_LENGTH} characters, with a word in it */
    public RequestDraft prompt(String value) {
        promptOrNothing(value);
        if (prompt.isBlank()) {
            String name = names.of(Field.PROMPT);
            throw ApiException.invalid(name, "%s must not be empty", name);
        }
        return this;
    }

    /** As {@link #prompt}, for an API where a prompt may be blank. */
    public RequestDraft promptOrNothing(String value) {
        prompt = loras.read(bounded(Field.PROMPT, value));
        return this;
    }

    /** Sentences for the person who asked. */
    public List<String> warnings() {
        return loras.warnings();
    }

    /** @param value of at most {@value #MAX_PROMPT_LENGTH} characters; empty for nothing */
    public RequestDraft negativePrompt(String value) {
        negativePrompt = LoraChoice.withoutNetworks(bounded(Field.NEGATIVE_PROMPT, value));
        return this;
    }

    /** @param value of the first image; a random one where it is absent or negative */
    public RequestDraft seed(OptionalLong value) {
        seed = value;
        return this;
    }

    /** @param value in [1, {@value ImageRequest#MAX_STEPS}]; the model's own where absent */
    public RequestDraft steps(OptionalInt value) {
        value.ifPresent(given -> requireInRange(Field.STEPS, given, 1, ImageRequest.MAX_STEPS));
        steps = value;
        return this;
    }

    /** @param value in [0, {@value ImageRequest#MAX_GUIDANCE_SCALE}]; the model's own where absent */
    public RequestDraft guidanceScale(OptionalDouble value) {
        if (value.isPresent()
                && !(value.getAsDouble() >= 0 && value.getAsDouble() <= ImageRequest.MAX_GUIDANCE_SCALE)) {
            String name = names.of(Field.GUIDANCE_SCALE);
            throw ApiException.invalid(
                    name, "%s must be in [0, %s], got %s", name, ImageRequest.MAX_GUIDANCE_SCALE, value.getAsDouble());
        }
        guidanceScale = value;
        return this;
    }

    /** @param value images in [1, {@value JobSpec#MAX_COUNT}] */
    public RequestDraft count(int value) {
        requireInRange(Field.N, value, 1, JobSpec.MAX_COUNT);
        count = value;
        return this;
    }

    /** Sides in pixels, each in [{@value ImageSize#MIN_PIXELS}, {@value ImageSize#MAX_PIXELS}]; the model's own size otherwise. */
    public RequestDraft size(long width, long height) {
        size = Optional.of(ImageSize.of(width, height, names));
        return this;
    }

    /** @param writable formats that can be written here */
    public RequestDraft format(ImageFormat value, Set<ImageFormat> writable) {
        if (!writable.contains(value)) {
            String name = names.of(Field.FORMAT);
            throw ApiException.invalid(name, "%s %s cannot be written here; ask for png or jpeg", name, value.label());
        }
        format = value;
        return this;
    }

    /** @param value of a lossy format in [{@value #MIN_QUALITY}, {@value #MAX_QUALITY}] */
    public RequestDraft quality(OptionalInt value) {
        value.ifPresent(given -> requireInRange(Field.QUALITY, given, MIN_QUALITY, MAX_QUALITY));
        quality = value.orElse(Delivery.DEFAULT_QUALITY);
        return this;
    }

    /** @param value whether the settings that drew an image are written into its file */
    public RequestDraft metadata(boolean value) {
        metadata = value;
        return this;
    }

    /** @param value looks at each unfinished image, in [0, {@value Delivery#MAX_PREVIEWS}] */
    public RequestDraft previews(int value) {
        requireInRange(Field.PREVIEWS, value, 0, Delivery.MAX_PREVIEWS);
        previews = value;
        return this;
    }

    /** @param seconds from admission to the last image, above 0 and at most a week; no timeout where absent */
    public RequestDraft timeout(OptionalDouble seconds) {
        if (seconds.isEmpty()) {
            return this;
        }
        double value = seconds.getAsDouble();
        long most = JobSpec.MAX_TIMEOUT.toSeconds();
        if (!(value > 0 && value <= most)) {
            String name = names.of(Field.TIMEOUT_SECONDS);
            throw ApiException.invalid(name, "%s must be in (0, %d], got %s", name, most, value);
        }
        timeout = Optional.of(Duration.ofNanos(Math.max(1, (long) (value * 1e9))));
        return this;
    }

    public RequestDraft lifetime(Lifetime value) {
        lifetime = value;
        return this;
    }

    /** @param value the image that is drawn anew; none for one from words alone */
    public RequestDraft source(Optional<Source> value) {
        source = value;
        return this;
    }

    /** @param value how the images become larger than the model draws; for those from words alone */
    public RequestDraft secondPass(Optional<SecondPass> value) {
        secondPass = value;
        return this;
    }

    /** The request, complete; the random seed is drawn here. */
    public JobSpec spec() {
        long first = Seeds.orRandom(seed);
        if (first > Seeds.largestFirst(count)) {
            String name = names.of(Field.SEED);
            long most = Seeds.largestFirst(count);
            throw ApiException.invalid(name, "%s must be at most %d for %d pictures, got %d", name, most, count, first);
        }
        return new JobSpec(
                api,
                model,
                new ImageRequest(prompt, negativePrompt, first, steps, guidanceScale)
                        .withLoras(loras.loras())
                        .withSecondPass(secondPass),
                count,
                new Delivery(size, format, quality, metadata, previews),
                timeout,
                Optional.empty(),
                lifetime,
                source,
                Optional.empty());
    }

    private String bounded(Field field, String text) {
        if (text.length() > MAX_PROMPT_LENGTH) {
            String name = names.of(field);
            throw ApiException.invalid(
                    name, "%s must have at most %d characters, got %d", name, MAX_PROMPT_LENGTH, text.length());
        }
        return text;
    }

    private void requireInRange(Field field, int value, int min, int max) {
        if (value < min || value > max) {
            String name = names.of(field);
            throw ApiException.invalid(name, "%s must be in [%d, %d], got %d", name, min, max, value);
        }
    }
}
