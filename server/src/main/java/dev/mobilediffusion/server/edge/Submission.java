package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.runtime.Sha256;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.Idempotency;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.wire.Clients;
import dev.mobilediffusion.server.wire.Form;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;

/**
 * From an HTTP request to an admitted job.
 *
 * @param queue that admits
 * @param models that may be named
 * @param formats that can be written here
 * @param maxBodyBytes of a request without images
 * @param uploads takes in those with images
 */
public record Submission(
        JobQueue queue, ModelCatalog models, Set<ImageFormat> formats, long maxBodyBytes, Uploads uploads) {

    private static final HeaderName IDEMPOTENCY_KEY = HeaderNames.create("Idempotency-Key");

    /** A request that was read, and is not yet admitted. */
    public record Draft(
            GenerationBody body,
            String sha256,
            ClientId client,
            Optional<String> idempotencyKey,
            ServerRequest request) {}

    /** Reads a request that draws from words; its body has the length of words. */
    public Draft read(ServerRequest request, String api) {
        return draft(request, api, GenerationBody.Kind.GENERATION, Form.json(request, maxBodyBytes));
    }

    /** Reads a request that may hold images; to be called within {@link Uploads#limited}. */
    public Draft readWithImages(ServerRequest request, String api, GenerationBody.Kind kind) {
        return draft(request, api, kind, Form.read(request, uploads.maxBytes()));
    }

    private Draft draft(ServerRequest request, String api, GenerationBody.Kind kind, Form form) {
        Optional<String> key = request.headers().contains(IDEMPOTENCY_KEY)
                ? Optional.of(request.headers().get(IDEMPOTENCY_KEY).get())
                : Optional.empty();
        return new Draft(
                GenerationBody.of(form, kind, api, models, formats), form.sha256(), Clients.of(request), key, request);
    }

    public Job submit(Draft draft, JobSpec spec) {
        if (!formats.contains(spec.delivery().format())) {
            throw ApiException.invalid(
                    "output_format",
                    "output_format %s cannot be written here; ask for png or jpeg",
                    spec.delivery().format().label());
        }
        JobSpec named = draft.idempotencyKey()
                .map(key -> spec.withIdempotency(new Idempotency(key, hash(draft, spec))))
                .orElse(spec);
        Job job = queue.submit(named, draft.client());
        Uploads.done(draft.request());
        return job;
    }

    /** The same bytes sent to another route, or for another format, are another request. */
    private static String hash(Draft draft, JobSpec spec) {
        MessageDigest digest = Sha256.digest();
        digest.update((spec.api() + '\n' + spec.delivery().format().label() + '\n').getBytes(StandardCharsets.UTF_8));
        return Sha256.hex(digest.digest(draft.sha256().getBytes(StandardCharsets.UTF_8)));
    }
}
