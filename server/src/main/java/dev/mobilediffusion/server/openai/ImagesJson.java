package dev.mobilediffusion.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.edge.JobJson;
import dev.mobilediffusion.server.edge.PublicUrl;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.wire.Json;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finished images in OpenAI's shape, and what we add to it. */
final class ImagesJson {

    private ImagesJson() {}

    /** @param links to the images; empty for the bytes themselves, in base64 */
    static ObjectNode reply(Job job, List<String> warnings, Optional<PublicUrl> links) {
        JobStatus status = job.status();
        ObjectNode node = Json.object();
        node.put("created", status.createdAt().getEpochSecond());
        ArrayNode data = node.putArray("data");
        Set<String> sentences = new LinkedHashSet<>(warnings);
        for (JobImage image : status.images()) {
            ObjectNode item = data.addObject();
            if (links.isEmpty()) {
                item.putPOJO("b64_json", image.content());
            } else {
                item.put("url", links.get().whole(JobJson.PATH + job.id() + "/images/" + image.index()));
            }
            item.put("seed", image.seed());
            sentences.addAll(image.warnings());
        }
        JobImage first = status.images().getFirst();
        describe(node, first.width() + "x" + first.height(), first.format());
        putUsage(node);
        node.put("id", job.id());
        node.put("model", job.spec().model());
        node.set("timings_ms", JobJson.timings(status.timings()));
        ArrayNode array = node.putArray("warnings");
        sentences.forEach(array::add);
        return node;
    }

    /** A look at an unfinished image in a stream. */
    static ObjectNode partial(Job job, JobEvent.Preview preview) {
        ObjectNode node = Json.object();
        node.put("type", event(job, "partial_image"));
        node.putPOJO("b64_json", preview.content());
        node.put("partial_image_index", preview.index());
        node.put("created_at", job.createdAt().getEpochSecond());
        describe(
                node,
                preview.width() + "x" + preview.height(),
                job.spec().delivery().format());
        node.put("index", preview.image());
        node.put("id", job.id());
        return node;
    }

    /** The last event of an image in a stream. */
    static ObjectNode completed(Job job, JobImage image, List<String> warnings) {
        ObjectNode node = Json.object();
        node.put("type", event(job, "completed"));
        node.putPOJO("b64_json", image.content());
        node.put("created_at", job.createdAt().getEpochSecond());
        describe(node, image.width() + "x" + image.height(), image.format());
        putUsage(node);
        node.put("seed", image.seed());
        node.put("index", image.index());
        node.put("id", job.id());
        node.set("timings_ms", JobJson.timings(image.timings()));
        Set<String> sentences = new LinkedHashSet<>(warnings);
        sentences.addAll(image.warnings());
        ArrayNode array = node.putArray("warnings");
        sentences.forEach(array::add);
        return node;
    }

    private static String event(Job job, String what) {
        return (job.spec().source().isPresent() ? "image_edit." : "image_generation.") + what;
    }

    /** Fields that OpenAI's typed clients require, whether or not they mean anything here. */
    static void describe(ObjectNode node, String size, ImageFormat format) {
        node.put("size", size);
        node.put("quality", "high"); // one of the SDKs' values; "auto" is none in a reply
        node.put("background", "opaque");
        node.put("output_format", format.label());
    }

    /** There are no tokens to bill, but typed clients require the object. */
    private static void putUsage(ObjectNode node) {
        ObjectNode usage = node.putObject("usage");
        usage.put("input_tokens", 0);
        usage.put("output_tokens", 0);
        usage.put("total_tokens", 0);
        usage.putObject("input_tokens_details").put("text_tokens", 0).put("image_tokens", 0);
    }
}
