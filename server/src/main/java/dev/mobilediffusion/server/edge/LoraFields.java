package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.LoraChoice;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Json;

/** The field {@code loras} of {@code /v1}: a list of names, or of objects with {@code name} and {@code weight}. */
final class LoraFields {

    private LoraFields() {}

    static LoraChoice of(Fields fields, ModelCatalog models) {
        LoraChoice choice = new LoraChoice(models.loras());
        JsonNode field = fields.object().path("loras");
        if (field.isMissingNode() || field.isNull()) {
            return choice;
        }
        if (field.isTextual()) {
            choice.add(field.textValue(), 1); // of a form
            return choice;
        }
        if (!field.isArray()) {
            throw ApiException.invalid(
                    "loras", "loras must be a list of objects with name and weight, got %s", Json.kind(field));
        }
        for (JsonNode lora : field) {
            JsonNode name = lora.isTextual() ? lora : lora.path("name");
            JsonNode weight = lora.path("weight");
            if (!name.isTextual() || !(weight.isMissingNode() || weight.isNumber())) {
                throw ApiException.invalid(
                        "loras", "loras must hold names, or objects with a name and a weight that is a number");
            }
            choice.add(name.textValue(), weight.asDouble(1));
        }
        return choice;
    }
}
