package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.runtime.image.Infotext;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.wire.Json;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** What A1111 says of finished images; clients find it as text within the reply, in the field {@code info}. */
final class GenerationInfo {

    private static final DateTimeFormatter TIMESTAMP = DateTimeFormatter.ofPattern("yyyyMMddHHmmss");
    private static final int NO_VARIATION = -1;

    private GenerationInfo() {}

    /** @param images that were finished; none of an interrupted job, which is told by what was asked for */
    static ObjectNode of(JobSpec spec, List<JobImage> images, ModelInfo model, List<String> warnings) {
        ImageRequest request = spec.request();
        Optional<JobImage> first = images.stream().findFirst();
        ObjectNode node = Json.object();
        node.put("prompt", request.prompt());
        node.put("negative_prompt", request.negativePrompt());
        node.put("seed", first.map(JobImage::seed).orElse(request.seed()));
        node.put("subseed", NO_VARIATION);
        node.put("subseed_strength", 0);
        node.put("width", first.map(JobImage::width).orElse(model.width()));
        node.put("height", first.map(JobImage::height).orElse(model.height()));
        node.put("sampler_name", Infotext.samplerName(model.schedulerName()));
        node.put(
                "cfg_scale",
                first.map(JobImage::guidanceScale)
                        .orElse(request.guidanceScale().orElse(model.defaultGuidanceScale())));
        node.put("steps", first.map(JobImage::steps).orElse(request.steps().orElse(model.defaultSteps())));
        node.put("batch_size", images.size());
        node.put("restore_faces", false);
        node.putNull("face_restoration_model");
        node.put("sd_model_name", model.name());
        node.put("sd_model_hash", Checkpoints.shortHash(model.sha256()));
        node.putNull("sd_vae_name");
        node.putNull("sd_vae_hash");
        node.put("seed_resize_from_w", 0);
        node.put("seed_resize_from_h", 0);
        node.set(
                "denoising_strength",
                spec.source()
                        .flatMap(source -> source.strength().stream().boxed().findFirst())
                        .or(() -> request.secondPass().map(SecondPass::strength))
                        .<JsonNode>map(DoubleNode::valueOf)
                        .orElseGet(NullNode::getInstance));
        node.putObject("extra_generation_params");
        node.put("index_of_first_image", 0);
        node.putArray("styles");
        node.put("job_timestamp", timestamp(LocalDateTime.now(ZoneId.systemDefault())));
        node.put("clip_skip", 1);
        node.put("is_using_inpainting_conditioning", false);
        node.put("version", "MobileDiffusion");
        putEach(node, spec, images, model);
        Set<String> sentences = new LinkedHashSet<>(warnings);
        images.forEach(image -> sentences.addAll(image.warnings()));
        ArrayNode array = node.putArray("warnings");
        sentences.forEach(array::add);
        return node;
    }

    static String timestamp(LocalDateTime moment) {
        return TIMESTAMP.format(moment);
    }

    private static void putEach(ObjectNode node, JobSpec spec, List<JobImage> images, ModelInfo model) {
        ArrayNode prompts = node.putArray("all_prompts");
        ArrayNode negativePrompts = node.putArray("all_negative_prompts");
        ArrayNode seeds = node.putArray("all_seeds");
        ArrayNode subseeds = node.putArray("all_subseeds");
        ArrayNode infotexts = node.putArray("infotexts");
        OptionalDouble strength = spec.source().map(Source::strength).orElseGet(OptionalDouble::empty);
        for (JobImage image : images) {
            ImageRequest drawn = spec.request()
                    .withSeed(image.seed())
                    .withSteps(image.steps())
                    .withGuidanceScale(image.guidanceScale());
            prompts.add(drawn.prompt());
            negativePrompts.add(drawn.negativePrompt());
            seeds.add(image.seed());
            subseeds.add(NO_VARIATION);
            infotexts.add(Infotext.of(drawn, strength, image.width(), image.height(), model));
        }
    }
}
