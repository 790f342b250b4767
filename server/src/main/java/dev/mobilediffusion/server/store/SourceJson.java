package dev.mobilediffusion.server.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.runtime.image.MaskMarks;
import dev.mobilediffusion.runtime.image.ResizeMode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ControlUpload;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.generation.Upload;
import java.util.Optional;
import java.util.OptionalDouble;

/** How the store spells the images that came with a job; the bytes of its files are kept apart. */
final class SourceJson {

    private SourceJson() {}

    static ObjectNode write(Source source) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        ImageEdit.Options options = source.options();
        // An older version of this program, in the same fleet, knows only numbers
        node.put("strength", source.strength().orElse(SourceImage.DEFAULT_STRENGTH));
        node.put("usual_strength", source.strength().isEmpty());
        node.put("resize", options.resize().name());
        node.put("mask_blur", options.maskBlur());
        node.put("only_masked", options.onlyMasked());
        node.put("padding", options.padding());
        node.put("fill", options.fill().name());
        node.put("marks", options.marks().name());
        node.set("image", write(source.image()));
        source.mask().ifPresent(mask -> node.set("mask", write(mask)));
        return node;
    }

    /** Without the bytes of its files, which the caller adds. */
    static Source read(JsonNode node) {
        return new Source(
                upload(node.get("image")),
                node.has("mask") ? Optional.of(upload(node.get("mask"))) : Optional.empty(),
                node.path("usual_strength").asBoolean()
                        ? OptionalDouble.empty()
                        : OptionalDouble.of(node.get("strength").asDouble()),
                new ImageEdit.Options(
                        ResizeMode.valueOf(node.get("resize").asText()),
                        node.get("mask_blur").asInt(),
                        node.get("only_masked").asBoolean(),
                        node.get("padding").asInt(),
                        ImageEdit.Fill.valueOf(node.get("fill").asText()),
                        MaskMarks.valueOf(node.get("marks").asText())));
    }

    static ObjectNode write(ControlUpload control) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("scale", control.scale());
        control.control().ifPresent(name -> node.put("control", name));
        control.preprocessor().ifPresent(made -> node.put("preprocessor", made.name()));
        node.set("image", write(control.image()));
        return node;
    }

    /** Without the bytes of its file, which the caller adds. */
    static ControlUpload readControl(JsonNode node) {
        return new ControlUpload(
                upload(node.get("image")),
                node.get("scale").asDouble(),
                Optional.ofNullable(node.get("control")).map(JsonNode::asText),
                Optional.ofNullable(node.get("preprocessor"))
                        .map(JsonNode::asText)
                        .map(Preprocessor::valueOf));
    }

    private static ObjectNode write(Upload upload) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("sha256", upload.sha256())
                .put("bytes", upload.size());
    }

    private static Upload upload(JsonNode node) {
        return new Upload(node.get("sha256").asText(), node.get("bytes").asLong(), () -> {
            throw ApiException.of(ErrorCode.GONE, "the picture that came with this job is not kept any more");
        });
    }
}
