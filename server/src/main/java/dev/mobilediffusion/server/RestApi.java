package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.edge.HealthRoutes;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.edge.Submission;
import dev.mobilediffusion.server.jobs.JobRoutes;
import dev.mobilediffusion.server.metrics.ServerMetrics;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.models.ModelConcepts;
import dev.mobilediffusion.server.models.ModelLoras;
import dev.mobilediffusion.server.openai.ConceptRoutes;
import dev.mobilediffusion.server.openai.ImageRoutes;
import dev.mobilediffusion.server.openai.LoraRoutes;
import dev.mobilediffusion.server.openai.ModelRoutes;
import dev.mobilediffusion.server.openai.UpscaleRoutes;
import dev.mobilediffusion.server.page.DescriptionRoutes;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.upscale.Enlarger;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.webserver.http.HttpRules;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * All of {@code /v1}, health and metrics.
 *
 * @param queue that admits jobs
 * @param models that requests may name
 * @param formats that can be written here
 * @param metrics that are shown and fed
 * @param obstacle why the server is not ready, a sentence; empty when it is
 * @param maxBodyBytes of a request without images
 * @param uploads takes in those with images
 * @param enlarger of images
 * @param concepts that models were taught
 * @param loras beside the models
 * @param heartbeat between two signs of life in an event stream, positive
 * @param execution tells what computes the models
 */
record RestApi(
        JobQueue queue,
        ModelCatalog models,
        Set<ImageFormat> formats,
        ServerMetrics metrics,
        Supplier<Optional<String>> obstacle,
        long maxBodyBytes,
        Uploads uploads,
        Enlarger enlarger,
        ModelConcepts concepts,
        ModelLoras loras,
        Duration heartbeat,
        Supplier<ExecutionPlan> execution) {

    RestApi {
        Objects.requireNonNull(queue, "queue");
        Objects.requireNonNull(models, "models");
        Objects.requireNonNull(execution, "execution");
        formats = Set.copyOf(formats);
        if (maxBodyBytes < 1 || maxBodyBytes >= Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "max body must be in [1, %s) bytes, got %s".formatted(Integer.MAX_VALUE, maxBodyBytes));
        }
        if (!heartbeat.isPositive()) {
            throw new IllegalArgumentException("heartbeat must be positive, got " + heartbeat);
        }
    }

    /** Declares the routes; to be called before the gate is registered. */
    void declare(HttpRules rules, boolean openReady, boolean openMetrics) {
        ImageRoutes.API.declare(rules, "/v1/images");
        JobRoutes.API.declare(rules, "/v1/jobs");
        ModelRoutes.API.declare(rules, "/v1/models");
        ModelRoutes.API.declare(rules, "/v1/loras");
        new HealthRoutes(obstacle, metrics).declare(rules, openReady, openMetrics);
    }

    /** Registers the routes; {@link Routes#notFound} is the caller's to add last. */
    void install(HttpRules rules) {
        Submission submission = new Submission(queue, models, formats, maxBodyBytes, uploads);
        rules.register("/v1/images", new ImageRoutes(submission, heartbeat))
                .register("/v1/images", new UpscaleRoutes(enlarger, uploads, formats, Clock.systemUTC()))
                .register("/v1/jobs", new JobRoutes(submission, heartbeat))
                .register("/v1/models", new ModelRoutes(models, execution))
                .register("/v1/models", new ConceptRoutes(concepts, uploads))
                .register("/v1/loras", new LoraRoutes(loras))
                .register("/", new DescriptionRoutes())
                .register("/", new HealthRoutes(obstacle, metrics));
    }
}
