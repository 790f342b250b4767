package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.wire.Json;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The server's models as A1111's checkpoints. A title is the model's name alone: A1111 adds the hash, but ours is known
 * only once a model was loaded, and a title that changes would be lost in a client's settings.
 *
 * @param models that may be named
 */
record Checkpoints(ModelCatalog models) {

    private static final int SHORT_HASH = 10;
    private static final int MAX_TITLE_LENGTH = 300;
    private static final Pattern DECORATION = Pattern.compile("(\\.safetensors|\\.ckpt)?(\\s*\\[[0-9a-f]{6,64}])?$");

    /** The model that a title means, with A1111's file ending and hash or without. */
    Optional<String> find(String title) {
        if (title.length() > MAX_TITLE_LENGTH) {
            return Optional.empty();
        }
        String name = DECORATION.matcher(title.strip()).replaceFirst("");
        return models.find(title).or(() -> models.find(name)).map(ModelCatalog.Entry::name);
    }

    /** As {@link #find}, for a client that must know when it is wrong. */
    String require(String title) {
        return find(title)
                .orElseThrow(() -> ApiException.of(
                        ErrorCode.MODEL_NOT_FOUND,
                        "sd_model_checkpoint",
                        "there is no checkpoint of this title; GET /sdapi/v1/sd-models lists them"));
    }

    String defaultTitle() {
        return models.defaultModel().name();
    }

    ArrayNode list() {
        ArrayNode list = Json.object().arrayNode();
        for (ModelCatalog.Entry entry : models.all()) {
            ObjectNode node = list.addObject();
            node.put("title", entry.name());
            node.put("model_name", entry.name());
            Optional<String> hash = models.info(entry.name()).map(ModelInfo::sha256);
            node.put("hash", hash.map(Checkpoints::shortHash).orElse(null));
            node.put("sha256", hash.orElse(null));
            node.put("filename", entry.name());
            node.putNull("config");
        }
        return list;
    }

    static String shortHash(String sha256) {
        return sha256.substring(0, Math.min(SHORT_HASH, sha256.length()));
    }
}
