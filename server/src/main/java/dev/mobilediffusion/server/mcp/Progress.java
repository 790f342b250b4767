package dev.mobilediffusion.server.mcp;

import dev.mobilediffusion.server.job.JobEvent;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema;
import java.util.Locale;

/**
 * Tells a client how far its job is, in images, when it wants to know; the protocol has each number larger than the one
 * before. Owned by the thread that serves the call.
 */
final class Progress {

    private final McpSyncServerExchange exchange;
    private final Object token;
    private double last = -1;

    /** @param token that the client gave its call; null for none */
    Progress(McpSyncServerExchange exchange, Object token) {
        this.exchange = exchange;
        this.token = token;
    }

    /** @param count images of the job */
    void tell(JobEvent event, int count) {
        switch (event) {
            case JobEvent.Queued queued -> tell(0, count, "waiting in the queue");
            case JobEvent.Started started -> tell(0.01, count, "drawing");
            case JobEvent.StageStarted stage -> tell(stage, count);
            case JobEvent.StepDone step ->
                tell(
                        step.image() + 0.1 + 0.7 * step.step() / step.steps(),
                        count,
                        of(step.image(), count) + "step %s of %s".formatted(step.step(), step.steps()));
            case JobEvent.ImageReady ready ->
                tell(ready.image().index() + 1, count, of(ready.image().index(), count) + "done");
            case JobEvent.Preview preview -> {
                // The result holds the image itself
            }
            case JobEvent.Finished finished -> {
                // The result says so
            }
        }
    }

    private void tell(JobEvent.StageStarted event, int count) {
        double part =
                switch (event.stage()) {
                    case QUEUE, TOKENIZE, TEXT_ENCODER -> 0.05;
                    case UNET -> 0.1;
                    case VAE_DECODER -> 0.85;
                    case ENCODE -> 0.95;
                };
        String stage = event.stage().label().replace('_', ' ');
        tell(event.image() + part, count, of(event.image(), count) + stage);
    }

    private void tell(double images, int count, String message) {
        if (token != null && images > last) {
            last = images;
            exchange.progressNotification(McpSchema.ProgressNotification.builder(token, images)
                    .total((double) count)
                    .message(message)
                    .build());
        }
    }

    private static String of(int image, int count) {
        return count == 1 ? "" : String.format(Locale.ROOT, "picture %d of %d: ", image + 1, count);
    }
}
