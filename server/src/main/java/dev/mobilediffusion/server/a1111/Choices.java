package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Json;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A1111's options, for each caller apart: with A1111 whoever switches the model switches it for everybody, which nobody
 * wants of a server that a household shares. Held in memory for the callers last seen. Thread-safe.
 */
final class Choices {

    private static final int MAX_CALLERS = 1000;
    private static final int MAX_PREVIEW_EVERY = 1000;

    private final Checkpoints checkpoints;
    private final Set<ImageFormat> formats;
    private final Map<ClientId, Choice> choices = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ClientId, Choice> eldest) {
            return size() > MAX_CALLERS;
        }
    };

    Choices(Checkpoints checkpoints, Set<ImageFormat> formats) {
        this.checkpoints = checkpoints;
        this.formats = formats;
    }

    synchronized Choice of(ClientId caller) {
        return choices.getOrDefault(caller, Choice.DEFAULT);
    }

    synchronized void set(ClientId caller, Choice choice) {
        choices.put(caller, choice);
    }

    /** Clients read some keys and send the whole object back with one changed. */
    ObjectNode json(Choice choice) {
        ObjectNode node = Json.object();
        node.put("sd_model_checkpoint", choice.checkpoint().orElseGet(checkpoints::defaultTitle));
        node.put(
                "samples_format",
                choice.format() == ImageFormat.JPEG ? "jpg" : choice.format().label());
        node.put("enable_pnginfo", choice.metadata());
        node.put("show_progress_every_n_steps", choice.previewEvery());
        node.put("live_previews_enable", choice.previewEvery() > 0);
        node.put("sd_vae", "Automatic");
        node.put("CLIP_stop_at_last_layers", 1);
        return node;
    }

    /**
     * {@code choice} with what {@code options} changes; keys that mean nothing here are ignored.
     *
     * @throws ApiException for a checkpoint that is not there, or a value of the wrong kind
     */
    Choice changed(Choice choice, ObjectNode options) {
        Fields fields = new Fields(options);
        Optional<String> title = fields.text("sd_model_checkpoint").filter(text -> !text.isBlank());
        int every = fields.count("show_progress_every_n_steps").orElse(choice.previewEvery());
        if (every < -1 || every > MAX_PREVIEW_EVERY) {
            throw ApiException.invalid(
                    "show_progress_every_n_steps",
                    "show_progress_every_n_steps must be in [-1, %d], got %d",
                    MAX_PREVIEW_EVERY,
                    every);
        }
        return new Choice(
                title.map(checkpoints::require).or(choice::checkpoint),
                fields.text("samples_format").map(this::format).orElse(choice.format()),
                fields.flag("enable_pnginfo", choice.metadata()),
                Math.max(0, every));
    }

    private ImageFormat format(String name) {
        ImageFormat format =
                switch (name.toLowerCase(Locale.ROOT)) {
                    case "png" -> ImageFormat.PNG;
                    case "jpg", "jpeg" -> ImageFormat.JPEG;
                    case "webp" -> ImageFormat.WEBP;
                    default -> throw ApiException.invalid("samples_format", "samples_format must be png, jpg or webp");
                };
        if (!formats.contains(format)) {
            throw ApiException.invalid(
                    "samples_format", "samples_format %s cannot be written here; ask for png or jpg", format.label());
        }
        return format;
    }
}
