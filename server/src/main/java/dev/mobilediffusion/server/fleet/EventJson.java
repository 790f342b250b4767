package dev.mobilediffusion.server.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiFunction;

/** How events are spelled in NATS. The id of an event is its place in the stream, the same for every board. */
final class EventJson {

    private EventJson() {}

    static byte[] queued(Instant at) {
        return Json.bytes(event("queued", at));
    }

    static byte[] started(Instant at) {
        return Json.bytes(event("started", at));
    }

    static byte[] stage(Instant at, int index, Stage stage) {
        return Json.bytes(event("stage", at).put("image", index).put("stage", stage.name()));
    }

    static byte[] step(Instant at, int index, int step, int steps) {
        return Json.bytes(
                event("step", at).put("image", index).put("step", step).put("steps", steps));
    }

    static byte[] preview(Instant at, int image, JobEvent.Preview preview, String object) {
        return Json.bytes(event("preview", at)
                .put("image", image)
                .put("index", preview.index())
                .put("width", preview.width())
                .put("height", preview.height())
                .put("object", object)
                .put("bytes", preview.content().size()));
    }

    static byte[] image(Instant at, JobRecord.StoredObject image) {
        ObjectNode node = event("image", at);
        node.set("stored", Json.write(image));
        return Json.bytes(node);
    }

    static byte[] finished(Instant at, JobState state, Optional<JobError> error) {
        ObjectNode node = event("finished", at).put("state", state.label());
        error.ifPresent(why -> node.set("error", Json.write(why)));
        return Json.bytes(node);
    }

    static Instant at(JsonNode node) {
        return Instant.ofEpochMilli(node.path("at_ms").asLong());
    }

    /**
     * The event that {@code node} spells; empty for one of another version.
     *
     * @param contents an object's name and size to its content
     */
    static Optional<JobEvent> read(long id, JsonNode node, BiFunction<String, Long, ImageContent> contents) {
        try {
            int image = node.path("image").asInt();
            return Optional.ofNullable(
                    switch (node.path("event").asText()) {
                        case "queued" -> new JobEvent.Queued(id);
                        case "started" -> new JobEvent.Started(id);
                        case "stage" ->
                            new JobEvent.StageStarted(
                                    id, image, Stage.valueOf(node.get("stage").asText()));
                        case "step" ->
                            new JobEvent.StepDone(
                                    id,
                                    image,
                                    node.get("step").asInt(),
                                    node.get("steps").asInt());
                        case "preview" ->
                            new JobEvent.Preview(
                                    id,
                                    image,
                                    node.get("index").asInt(),
                                    node.get("width").asInt(),
                                    node.get("height").asInt(),
                                    contents.apply(
                                            node.get("object").asText(),
                                            node.get("bytes").asLong()));
                        case "image" ->
                            new JobEvent.ImageReady(id, image(Json.readImage(node.get("stored")), contents));
                        case "finished" ->
                            new JobEvent.Finished(
                                    id,
                                    JobState.ofLabel(node.get("state").asText()),
                                    node.has("error")
                                            ? Optional.of(Json.readError(node.get("error")))
                                            : Optional.empty());
                        default -> null;
                    });
        } catch (RuntimeException foreign) {
            return Optional.empty();
        }
    }

    static JobImage image(JobRecord.StoredObject stored, BiFunction<String, Long, ImageContent> contents) {
        return stored.image().withContent(contents.apply(stored.object(), stored.bytes()));
    }

    private static ObjectNode event(String name, Instant at) {
        return Json.object().put("event", name).put("at_ms", at.toEpochMilli());
    }
}
