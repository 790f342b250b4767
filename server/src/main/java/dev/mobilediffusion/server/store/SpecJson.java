package dev.mobilediffusion.server.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.Lora;
import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.generation.Idempotency;
import dev.mobilediffusion.server.generation.ImageSize;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** How the store spells a job's request and an image's timings: by hand, so that a renamed field breaks no old folder. */
public final class SpecJson {

    private static final ObjectMapper JSON = new ObjectMapper();

    private SpecJson() {}

    public static String write(JobSpec spec) {
        ObjectNode node = JSON.createObjectNode();
        ImageRequest request = spec.request();
        node.put("api", spec.api());
        node.put("model", spec.model());
        node.put("prompt", request.prompt());
        node.put("negative_prompt", request.negativePrompt());
        node.put("seed", request.seed());
        request.steps().ifPresent(value -> node.put("steps", value));
        request.guidanceScale().ifPresent(value -> node.put("guidance_scale", value));
        request.loras()
                .forEach(lora -> node.withArray("loras")
                        .addObject()
                        .put("name", lora.name())
                        .put("weight", lora.weight()));
        node.put("count", spec.count());
        Delivery delivery = spec.delivery();
        delivery.size().ifPresent(size -> node.put("width", size.width()).put("height", size.height()));
        node.put("format", delivery.format().name());
        node.put("quality", delivery.quality());
        node.put("metadata", delivery.metadata());
        node.put("previews", delivery.previews());
        request.secondPass().ifPresent(pass -> node.set("second_pass", write(pass)));
        spec.source().ifPresent(source -> node.set("source", SourceJson.write(source)));
        spec.control().ifPresent(control -> node.set("control", SourceJson.write(control)));
        spec.timeout().ifPresent(timeout -> node.put("timeout_ms", timeout.toMillis()));
        spec.idempotency().ifPresent(key -> node.put("key", key.key()).put("body_sha256", key.bodySha256()));
        return node.toString();
    }

    /** A stored job is durable, else it would not be stored. */
    public static JobSpec read(String text) {
        JsonNode node = parse(text);
        ImageRequest request = new ImageRequest(
                node.get("prompt").asText(),
                node.path("negative_prompt").asText(),
                node.get("seed").asLong(),
                node.has("steps") ? OptionalInt.of(node.get("steps").asInt()) : OptionalInt.empty(),
                node.has("guidance_scale")
                        ? OptionalDouble.of(node.get("guidance_scale").asDouble())
                        : OptionalDouble.empty());
        return new JobSpec(
                node.get("api").asText(),
                node.get("model").asText(),
                request.withLoras(loras(node.path("loras")))
                        .withSecondPass(
                                node.has("second_pass")
                                        ? Optional.of(secondPass(node.get("second_pass")))
                                        : Optional.empty()),
                node.get("count").asInt(),
                delivery(node),
                node.has("timeout_ms")
                        ? Optional.of(Duration.ofMillis(node.get("timeout_ms").asLong()))
                        : Optional.empty(),
                node.has("key")
                        ? Optional.of(new Idempotency(
                                node.get("key").asText(),
                                node.get("body_sha256").asText()))
                        : Optional.empty(),
                Lifetime.DURABLE,
                node.has("source") ? Optional.of(SourceJson.read(node.get("source"))) : Optional.empty(),
                node.has("control") ? Optional.of(SourceJson.readControl(node.get("control"))) : Optional.empty());
    }

    private static List<Lora> loras(JsonNode array) {
        List<Lora> loras = new ArrayList<>();
        array.forEach(lora ->
                loras.add(new Lora(lora.get("name").asText(), lora.get("weight").asDouble())));
        return loras;
    }

    private static ObjectNode write(SecondPass pass) {
        ObjectNode node = JSON.createObjectNode()
                .put("width", pass.width())
                .put("height", pass.height())
                .put("upscaler", pass.upscaler())
                .put("strength", pass.strength());
        pass.steps().ifPresent(value -> node.put("steps", value));
        return node;
    }

    private static SecondPass secondPass(JsonNode node) {
        return new SecondPass(
                node.get("width").asInt(),
                node.get("height").asInt(),
                node.get("upscaler").asText(),
                node.get("strength").asDouble(),
                node.has("steps") ? OptionalInt.of(node.get("steps").asInt()) : OptionalInt.empty());
    }

    private static Delivery delivery(JsonNode node) {
        return new Delivery(
                node.has("width")
                        ? Optional.of(new ImageSize(
                                node.get("width").asInt(), node.get("height").asInt()))
                        : Optional.empty(),
                ImageFormat.valueOf(node.get("format").asText()),
                node.get("quality").asInt(),
                node.path("metadata").asBoolean(true),
                node.path("previews").asInt(0));
    }

    public static String write(StageTimings timings) {
        ObjectNode node = JSON.createObjectNode();
        timings.durations().forEach((stage, duration) -> node.put(stage.name(), duration.toNanos()));
        return node.toString();
    }

    public static StageTimings readTimings(String text) {
        JsonNode node = parse(text);
        Map<Stage, Duration> durations = new EnumMap<>(Stage.class);
        for (Stage stage : Stage.values()) {
            if (node.has(stage.name())) {
                durations.put(stage, Duration.ofNanos(node.get(stage.name()).asLong()));
            }
        }
        return new StageTimings(durations);
    }

    public static String write(List<String> sentences) {
        return JSON.valueToTree(sentences).toString();
    }

    public static List<String> readSentences(String text) {
        List<String> sentences = new ArrayList<>();
        parse(text).forEach(node -> sentences.add(node.asText()));
        return sentences;
    }

    private static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the job store holds text that is no JSON", e);
        }
    }
}
