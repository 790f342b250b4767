package dev.mobilediffusion.server.compat;

import dev.mobilediffusion.server.job.JobQueue;
import dev.mobilediffusion.server.job.Models;
import dev.mobilediffusion.server.job.PictureFormat;
import io.helidon.webserver.http.HttpRouting;
import java.util.Objects;
import java.util.Set;

/**
 * All of {@code /sdapi/v1}, which lies at the server's root because clients replace the path that they were given, and
 * {@code /} for programs.
 *
 * @param queue that admits jobs
 * @param models that requests may name
 * @param formats that can be written here
 * @param maxBodyBytes of a request, in [1, 2^31)
 */
public record SdApi(JobQueue queue, Models models, Set<PictureFormat> formats, long maxBodyBytes) {

    public static final String PATH = "/sdapi/v1";

    public SdApi {
        Objects.requireNonNull(queue, "queue");
        Objects.requireNonNull(models, "models");
        formats = Set.copyOf(formats);
    }

    /** Registers the routes; to be called before the page's. */
    public void install(HttpRouting.Builder routing) {
        Checkpoints checkpoints = new Checkpoints(models);
        Choices choices = new Choices(checkpoints, formats);
        CallersJobs jobs = new CallersJobs();
        routing.register(PATH, new TextToImageRoutes(queue, checkpoints, choices, jobs, maxBodyBytes))
                .register(PATH, new ProgressRoutes(queue, jobs))
                .register(PATH, new OptionRoutes(choices, maxBodyBytes))
                .register(PATH, new ListRoutes(checkpoints))
                .register(PATH, new PngInfoRoutes(maxBodyBytes))
                .any(PATH + "/*", Answers.notFound())
                .register("/", new RootRoutes(checkpoints));
    }
}
