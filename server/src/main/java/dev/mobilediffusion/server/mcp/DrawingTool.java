package dev.mobilediffusion.server.mcp;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.edge.GenerationBody;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.wire.JobWait;
import io.helidon.webserver.CloseConnectionException;
import io.modelcontextprotocol.spec.McpSchema;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * {@code generate_image} and {@code edit_image}: a job like those of the other APIs. It is durable, so that its images can
 * be asked for by name in later calls, but ends when its client cancels or goes.
 */
record DrawingTool(
        JobQueue queue, ModelCatalog models, Set<ImageFormat> formats, NamedImages named, Duration heartbeat) {

    McpSchema.CallToolResult draw(Call call, Progress progress, GenerationBody.Kind kind) {
        GenerationBody body =
                GenerationBody.of(named.form(call.arguments()), kind, McpRoutes.API.label(), models, formats);
        Job job = queue.submit(body.spec().withLifetime(Lifetime.DURABLE), call.client());
        call.read();
        call.onCancel(() -> queue.cancel(job));
        try (JobWait wait = new JobWait(queue, job)) {
            await(job, wait, call, progress);
        } catch (CloseConnectionException e) {
            queue.cancel(job);
            throw e;
        } finally {
            queue.handedOver(job);
        }
        job.status().error().ifPresent(error -> {
            throw error.toException();
        });
        return result(job, call, body.warnings());
    }

    private void await(Job job, JobWait wait, Call call, Progress progress) {
        long seen = 0;
        while (true) {
            List<JobEvent> events = wait.awaitEvents(seen, heartbeat);
            if (events.isEmpty()) {
                call.signOfLife();
            }
            for (JobEvent event : events) {
                seen = event.id();
                progress.tell(event, job.spec().count());
                if (event instanceof JobEvent.Finished) {
                    return;
                }
            }
        }
    }

    private static McpSchema.CallToolResult result(Job job, Call call, List<String> warnings) {
        McpSchema.CallToolResult.Builder result = McpSchema.CallToolResult.builder();
        Set<String> sentences = new LinkedHashSet<>(warnings);
        for (JobImage image : job.status().images()) {
            result.addContent(call.image(image.content(), image.format().mediaType()));
            result.addTextContent("%s: %s x %s pixels, seed %s, %s steps, guidance scale %s, model %s"
                    .formatted(
                            NamedImages.nameOf(job, image),
                            image.width(),
                            image.height(),
                            image.seed(),
                            image.steps(),
                            image.guidanceScale(),
                            job.spec().model()));
            sentences.addAll(image.warnings());
        }
        sentences.forEach(sentence -> result.addTextContent("Note: " + sentence));
        return result.build();
    }
}
