package dev.mobilediffusion.server.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.job.Picture;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Finished pictures in OpenAI's shape, and what we add to it. */
final class ImagesJson {

    private ImagesJson() {}

    /** @param urlBase scheme and authority for links; empty for the bytes themselves, in base64 */
    static ObjectNode reply(Job job, List<String> warnings, String urlBase) {
        JobStatus status = job.status();
        ObjectNode node = Json.object();
        node.put("created", status.createdAt().getEpochSecond());
        ArrayNode data = node.putArray("data");
        Set<String> sentences = new LinkedHashSet<>(warnings);
        for (Picture picture : status.pictures()) {
            ObjectNode item = data.addObject();
            if (urlBase.isEmpty()) {
                item.put("b64_json", picture.bytes());
            } else {
                item.put("url", urlBase + JobJson.PATH + job.id() + "/images/" + picture.index());
            }
            item.put("seed", picture.seed());
            sentences.addAll(picture.warnings());
        }
        describe(node, status.pictures().getFirst());
        node.put("id", job.id());
        node.put("model", job.spec().model());
        node.set("timings_ms", JobJson.timings(status.timings()));
        ArrayNode array = node.putArray("warnings");
        sentences.forEach(array::add);
        return node;
    }

    /** The last event of a picture in a stream. */
    static ObjectNode completed(Job job, Picture picture, List<String> warnings) {
        ObjectNode node = Json.object();
        node.put("type", "image_generation.completed");
        node.put("b64_json", picture.bytes());
        node.put("created_at", job.createdAt().getEpochSecond());
        describe(node, picture);
        node.put("seed", picture.seed());
        node.put("index", picture.index());
        node.put("id", job.id());
        node.set("timings_ms", JobJson.timings(picture.timings()));
        Set<String> sentences = new LinkedHashSet<>(warnings);
        sentences.addAll(picture.warnings());
        ArrayNode array = node.putArray("warnings");
        sentences.forEach(array::add);
        return node;
    }

    /** Fields that OpenAI's typed clients require; there are no tokens to bill, so usage is zero. */
    private static void describe(ObjectNode node, Picture picture) {
        node.put("size", picture.width() + "x" + picture.height());
        node.put("quality", "auto");
        node.put("background", "opaque");
        node.put("output_format", picture.format().label());
        ObjectNode usage = node.putObject("usage");
        usage.put("input_tokens", 0);
        usage.put("output_tokens", 0);
        usage.put("total_tokens", 0);
        usage.putObject("input_tokens_details").put("text_tokens", 0).put("image_tokens", 0);
    }
}
