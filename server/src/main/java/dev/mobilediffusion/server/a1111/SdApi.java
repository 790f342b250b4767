package dev.mobilediffusion.server.a1111;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.edge.Api;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.upscale.Enlarger;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.HttpRules;
import java.util.Objects;
import java.util.Set;

/**
 * All of {@code /sdapi/v1}, which lies at the server's root because clients replace the path that they were given, and
 * {@code /} for programs.
 *
 * @param queue that admits jobs
 * @param models that requests may name
 * @param formats that can be written here
 * @param maxBodyBytes of a request without images, in [1, 2^31)
 * @param uploads takes in those with images
 * @param enlarger of images
 */
public record SdApi(
        JobQueue queue,
        ModelCatalog models,
        Set<ImageFormat> formats,
        long maxBodyBytes,
        Uploads uploads,
        Enlarger enlarger) {

    /** Basic, because these clients know no other way to send a key; a browser would ask for a password. */
    static final Api API = new Api("a1111", Answers::refusal, "Basic realm=\"mobilediffusion\"", Api.Access.KEY);

    private static final String PATH = "/sdapi/v1";
    private static final String CONTROLNET = "/controlnet";

    public SdApi {
        Objects.requireNonNull(queue, "queue");
        Objects.requireNonNull(models, "models");
        formats = Set.copyOf(formats);
    }

    /** Declares the routes; to be called before the gate is registered. */
    public void declare(HttpRules rules) {
        API.declare(rules, "/sdapi");
        API.declare(rules, "/controlnet");
    }

    /** Registers the routes; to be called after the gate is registered, and before the page's. */
    public void install(HttpRouting.Builder routing) {
        Checkpoints checkpoints = new Checkpoints(models);
        Choices choices = new Choices(checkpoints, formats);
        ClientJobs jobs = new ClientJobs();
        ExtrasRoutes extras = new ExtrasRoutes(enlarger, uploads);
        routing.register(PATH, new TextToImageRoutes(queue, checkpoints, choices, jobs, uploads))
                .register(PATH, new ProgressRoutes(queue, jobs))
                .register(PATH, new OptionRoutes(choices, maxBodyBytes))
                .register(PATH, new ListRoutes(checkpoints, extras::list))
                .register(PATH, extras)
                .register(PATH, new PngInfoRoutes(uploads))
                .any(PATH + "/*", Answers.notFound())
                .register(CONTROLNET, new ControlNetRoutes(models))
                .any(CONTROLNET + "/*", Answers.notFound())
                .register("/", new RootRoutes(checkpoints));
    }
}
