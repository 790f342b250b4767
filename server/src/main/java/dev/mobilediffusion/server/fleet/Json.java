package dev.mobilediffusion.server.fleet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.store.SpecJson;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** How records and errors are spelled in NATS. Fields that another version added are passed over. */
final class Json {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final ImageContent NOTHING = ImageContent.of(new byte[0]);

    private Json() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static byte[] bytes(JsonNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON can always be written", e);
        }
    }

    /** Empty for what is no JSON object, or of a later schema: a foreign message. */
    static Optional<JsonNode> read(byte[] bytes) {
        try {
            JsonNode node = bytes == null ? null : MAPPER.readTree(bytes);
            return Optional.ofNullable(node)
                    .filter(JsonNode::isObject)
                    .filter(found -> found.path("v").asInt(Names.SCHEMA) <= Names.SCHEMA);
        } catch (IOException notJson) {
            return Optional.empty();
        }
    }

    static byte[] write(JobRecord job) {
        ObjectNode node = object().put("v", Names.SCHEMA)
                .put("id", job.id())
                .put("client", job.client().value());
        node.put("spec", SpecJson.write(job.spec()));
        node.put("attached", job.spec().lifetime() == Lifetime.ATTACHED);
        node.put("created_ms", job.createdAt().toEpochMilli());
        node.put("state", job.state().label());
        job.startedAt().ifPresent(at -> node.put("started_ms", at.toEpochMilli()));
        job.finishedAt().ifPresent(at -> node.put("finished_ms", at.toEpochMilli()));
        job.error().ifPresent(error -> node.set("error", write(error)));
        ArrayNode begun = node.putArray("begun");
        job.begun().forEach(begun::add);
        ArrayNode images = node.putArray("images");
        job.images().values().forEach(image -> images.add(write(image)));
        return bytes(node);
    }

    /** Empty for what is no record, whoever wrote it. */
    static Optional<JobRecord> readJob(byte[] bytes) {
        return read(bytes).flatMap(node -> {
            try {
                return Optional.of(job(node));
            } catch (RuntimeException foreign) {
                return Optional.empty();
            }
        });
    }

    private static JobRecord job(JsonNode node) {
        TreeSet<Integer> begun = new TreeSet<>();
        node.get("begun").forEach(index -> begun.add(index.asInt()));
        TreeMap<Integer, JobRecord.StoredObject> images = new TreeMap<>();
        for (JsonNode image : node.get("images")) {
            images.put(image.get("index").asInt(), readImage(image));
        }
        return new JobRecord(
                node.get("id").asText(),
                new ClientId(node.get("client").asText()),
                SpecJson.read(node.get("spec").asText())
                        .withLifetime(node.path("attached").asBoolean() ? Lifetime.ATTACHED : Lifetime.DURABLE),
                Instant.ofEpochMilli(node.get("created_ms").asLong()),
                JobState.ofLabel(node.get("state").asText()),
                instant(node, "started_ms"),
                instant(node, "finished_ms"),
                node.has("error") ? Optional.of(readError(node.get("error"))) : Optional.empty(),
                begun,
                images);
    }

    static ObjectNode write(JobRecord.StoredObject stored) {
        JobImage image = stored.image();
        ObjectNode node = object().put("index", image.index())
                .put("seed", image.seed())
                .put("width", image.width())
                .put("height", image.height())
                .put("steps", image.steps())
                .put("guidance_scale", image.guidanceScale())
                .put("format", image.format().name())
                .put("sha256", image.sha256())
                .put("timings", SpecJson.write(image.timings()))
                .put("warnings", SpecJson.write(image.warnings()));
        return node.put("object", stored.object()).put("bytes", stored.bytes());
    }

    static JobRecord.StoredObject readImage(JsonNode node) {
        JobImage image = new JobImage(
                node.get("index").asInt(),
                node.get("seed").asLong(),
                node.get("width").asInt(),
                node.get("height").asInt(),
                node.get("steps").asInt(),
                node.get("guidance_scale").asDouble(),
                ImageFormat.valueOf(node.get("format").asText()),
                node.get("sha256").asText(),
                SpecJson.readTimings(node.get("timings").asText()),
                SpecJson.readSentences(node.get("warnings").asText()),
                NOTHING);
        return new JobRecord.StoredObject(
                image, node.get("object").asText(), node.get("bytes").asLong());
    }

    static ObjectNode write(JobError error) {
        return object().put("code", error.code().label())
                .put("param", error.param())
                .put("message", error.message());
    }

    static JobError readError(JsonNode node) {
        return new JobError(
                ErrorCode.ofLabel(node.get("code").asText()),
                node.get("param").asText(),
                node.get("message").asText());
    }

    private static Optional<Instant> instant(JsonNode node, String field) {
        return node.has(field)
                ? Optional.of(Instant.ofEpochMilli(node.get(field).asLong()))
                : Optional.empty();
    }
}
