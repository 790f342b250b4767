package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Everything that a job was asked to do. Immutable. APIs make it by {@link RequestDraft}, which names what is wrong.
 *
 * <pre>{@code
 * JobSpec.of("pocket", ImageRequest.of("a red house by the sea", 7)).withCount(4)
 * }</pre>
 *
 * @param api which API took it in, for metrics and logs: {@code openai}, {@code jobs}, {@code a1111}, {@code grpc}
 * @param model name of a bundle that the server has
 * @param request the first image; image k of the job is the same with seed + k
 * @param count images in [1, {@value #MAX_COUNT}]
 * @param delivery how they are handed over
 * @param timeout from admission to the last image; a job that is late is dropped
 * @param idempotency the client's own name for the request
 * @param lifetime how long the job is worth running
 * @param source the image that is drawn anew; empty for one that is drawn from words alone
 * @param control the picture whose lines are followed; empty for none
 */
public record JobSpec(
        String api,
        String model,
        ImageRequest request,
        int count,
        Delivery delivery,
        Optional<Duration> timeout,
        Optional<Idempotency> idempotency,
        Lifetime lifetime,
        Optional<Source> source,
        Optional<ControlUpload> control) {

    public static final int MAX_COUNT = 10;
    public static final Duration MAX_TIMEOUT = Duration.ofDays(7);

    public JobSpec {
        Objects.requireNonNull(api, "api");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(delivery, "delivery");
        Objects.requireNonNull(timeout, "timeout");
        Objects.requireNonNull(idempotency, "idempotency");
        Objects.requireNonNull(lifetime, "lifetime");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(control, "control");
        if (count < 1 || count > MAX_COUNT) {
            throw new IllegalArgumentException("count must be in [1, %s], got %s".formatted(MAX_COUNT, count));
        }
        if (timeout.isPresent() && !(timeout.get().isPositive() && timeout.get().compareTo(MAX_TIMEOUT) <= 0)) {
            throw new IllegalArgumentException(
                    "timeout must be in (0, %s], got %s".formatted(MAX_TIMEOUT, timeout.get()));
        }
        if (request.seed() > Seeds.largestFirst(count)) {
            throw new IllegalArgumentException(
                    "seed must be at most %s, got %s".formatted(Seeds.largestFirst(count), request.seed()));
        }
    }

    /** One PNG of the model's own size that lives as long as its client waits. */
    public static JobSpec of(String model, ImageRequest request) {
        return new JobSpec(
                "internal",
                model,
                request,
                1,
                Delivery.PNG,
                Optional.empty(),
                Optional.empty(),
                Lifetime.ATTACHED,
                Optional.empty(),
                Optional.empty());
    }

    public JobSpec withApi(String value) {
        return new JobSpec(value, model, request, count, delivery, timeout, idempotency, lifetime, source, control);
    }

    public JobSpec withCount(int value) {
        return new JobSpec(api, model, request, value, delivery, timeout, idempotency, lifetime, source, control);
    }

    public JobSpec withTimeout(Duration value) {
        return new JobSpec(
                api, model, request, count, delivery, Optional.of(value), idempotency, lifetime, source, control);
    }

    /** A repeated request must find its job, so a job with a key outlives its connection. */
    public JobSpec withIdempotency(Idempotency value) {
        return new JobSpec(
                api, model, request, count, delivery, timeout, Optional.of(value), Lifetime.DURABLE, source, control);
    }

    public JobSpec withDelivery(Delivery value) {
        return new JobSpec(api, model, request, count, value, timeout, idempotency, lifetime, source, control);
    }

    public JobSpec withLifetime(Lifetime value) {
        return new JobSpec(api, model, request, count, delivery, timeout, idempotency, value, source, control);
    }

    public JobSpec withSource(Source value) {
        return new JobSpec(
                api, model, request, count, delivery, timeout, idempotency, lifetime, Optional.of(value), control);
    }

    public JobSpec withControl(ControlUpload value) {
        return new JobSpec(
                api, model, request, count, delivery, timeout, idempotency, lifetime, source, Optional.of(value));
    }

    /** The files that came with the request. */
    public List<Upload> uploads() {
        return Stream.concat(
                        source.stream().flatMap(from -> from.uploads().stream()),
                        control.stream().map(ControlUpload::image))
                .toList();
    }

    /** The same with the bytes of its uploads elsewhere; {@code content} is asked by their place in {@link #uploads}. */
    public JobSpec withUploads(IntFunction<Upload.Content> content) {
        int last = uploads().size() - 1;
        JobSpec moved =
                source.map(from -> withSource(from.withContents(content))).orElse(this);
        return control.map(lines -> moved.withControl(lines.withContent(content.apply(last))))
                .orElse(moved);
    }

    /** Bytes of the images that came with the request. */
    public long uploadBytes() {
        return uploads().stream().mapToLong(Upload::size).sum();
    }

    /** Gives back what holds their bytes. */
    public void releaseUploads() {
        uploads().forEach(upload -> upload.content().release());
    }

    /** A finished image in the size that was asked for; one that was drawn anew, or in two passes, has it already. */
    public GeneratedImage sized(GeneratedImage image) {
        return source.isPresent() || request.secondPass().isPresent() ? image : delivery.sized(image);
    }

    /** What image {@code index} of the job asks of the model; the first is 0. */
    public ImageRequest image(int index) {
        return request.withSeed(Seeds.ofImage(request.seed(), index));
    }
}
