package dev.mobilediffusion.server.security;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Keys as the text of their file, read strictly: what is not understood might be a limit. */
final class KeyJson {

    private static final int VERSION = 1;
    private static final Set<String> FIELDS =
            Set.of("name", "sha256", "created", "expires", "pictures_per_minute", "revoked");
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private KeyJson() {}

    static String write(List<ApiKey> keys) {
        ObjectNode root = MAPPER.createObjectNode().put("version", VERSION);
        ArrayNode array = root.putArray("keys");
        for (ApiKey key : keys) {
            ObjectNode node = array.addObject();
            node.put("name", key.name()).put("sha256", key.sha256());
            node.put("created", key.created().toString());
            key.expires().ifPresent(when -> node.put("expires", when.toString()));
            key.picturesPerMinute().ifPresent(count -> node.put("pictures_per_minute", count));
            key.revoked().ifPresent(when -> node.put("revoked", when.toString()));
        }
        return root.toPrettyString() + "\n";
    }

    /** @throws IllegalArgumentException with a sentence about what is wrong */
    static List<ApiKey> read(String text) {
        JsonNode root;
        try {
            root = MAPPER.readTree(text);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("it is not JSON: " + e.getOriginalMessage(), e);
        }
        if (root.path("version").intValue() != VERSION || !root.path("keys").isArray() || root.size() != 2) {
            throw new IllegalArgumentException("it must hold version %s and keys, and nothing else".formatted(VERSION));
        }
        List<ApiKey> keys = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (JsonNode node : root.path("keys")) {
            ApiKey key = key(node);
            if (!names.add(key.name())) {
                throw new IllegalArgumentException("key %s is there twice".formatted(key.name()));
            }
            keys.add(key);
        }
        return List.copyOf(keys);
    }

    private static ApiKey key(JsonNode node) {
        node.fieldNames().forEachRemaining(field -> {
            if (!FIELDS.contains(field)) {
                throw new IllegalArgumentException("a key has no field '%s'".formatted(field));
            }
        });
        return new ApiKey(
                text(node, "name").orElse(""),
                text(node, "sha256").orElse(""),
                time(node, "created").orElseThrow(() -> new IllegalArgumentException("a key lacks created")),
                time(node, "expires"),
                count(node, "pictures_per_minute"),
                time(node, "revoked"));
    }

    private static Optional<String> text(JsonNode node, String field) {
        if (node.has(field) && !node.path(field).isTextual()) {
            throw new IllegalArgumentException("%s of a key must be text".formatted(field));
        }
        return Optional.ofNullable(node.path(field).textValue());
    }

    private static Optional<Instant> time(JsonNode node, String field) {
        try {
            return text(node, field).map(Instant::parse);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    "%s of a key must be a time such as 2027-01-31T00:00:00Z".formatted(field), e);
        }
    }

    private static OptionalInt count(JsonNode node, String field) {
        if (!node.has(field)) {
            return OptionalInt.empty();
        }
        if (!node.path(field).isInt()) {
            throw new IllegalArgumentException("%s of a key must be a whole number".formatted(field));
        }
        return OptionalInt.of(node.path(field).intValue());
    }
}
