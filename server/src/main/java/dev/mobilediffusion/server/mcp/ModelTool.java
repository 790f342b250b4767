package dev.mobilediffusion.server.mcp;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.upscale.Enlarger;
import dev.mobilediffusion.server.wire.Json;
import io.modelcontextprotocol.spec.McpSchema;
import java.nio.charset.StandardCharsets;

/** {@code list_models}: what may be named in the other tools' calls, as JSON in a text. */
record ModelTool(ModelCatalog models, Enlarger enlarger) {

    McpSchema.CallToolResult list() {
        ObjectNode node = Json.object();
        ArrayNode list = node.putArray("models");
        models.all().forEach(entry -> {
            ObjectNode model = list.addObject();
            model.put("model", entry.name());
            model.put("default", entry.name().equals(models.defaultModel().name()));
            entry.loaded().ifPresent(info -> describe(model, info));
        });
        models.loras().forEach(node.putArray("loras")::add);
        enlarger.names().forEach(node.putArray("upscalers")::add);
        return McpSchema.CallToolResult.builder()
                .addTextContent(new String(Json.bytes(node), StandardCharsets.UTF_8))
                .build();
    }

    private static void describe(ObjectNode node, ModelInfo model) {
        node.put("size", model.width() + "x" + model.height());
        node.put("default_steps", model.defaultSteps());
        node.put("default_guidance_scale", model.defaultGuidanceScale());
        if (model.groups().isEmpty()) {
            model.knownWords().forEach(node.putArray("known_words")::add);
            return;
        }
        ObjectNode groups = node.putObject("known_words");
        model.groups().forEach((group, things) -> groups.put(group, String.join(", ", things)));
    }
}
