package dev.mobilediffusion.runtime.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mobilediffusion.runtime.InferenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A JSON object of a bundle, read key by key. What is missing or of the wrong type ends in an {@link
 * InferenceException} with code INVALID_BUNDLE that names the file, the key and what was expected. A key with value
 * null counts as absent, as it does for diffusers.
 */
public final class ConfigFile {

    /** Python writes NaN, Infinity and -Infinity into JSON, as in diffusers' own {@code lambda_min_clipped}. */
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private final String name;
    private final JsonNode root;

    private ConfigFile(String name, JsonNode root) {
        this.name = name;
        this.root = root;
    }

    /** Reads {@code folder/name}, which must hold a JSON object. */
    static ConfigFile read(Path folder, String name) {
        try {
            JsonNode root = JSON.readTree(Files.readAllBytes(folder.resolve(name)));
            if (!root.isObject()) {
                throw invalid("%s must hold a JSON object; replace it by the model's own", name);
            }
            return new ConfigFile(name, root);
        } catch (NoSuchFileException missing) {
            throw invalid("%s is missing in %s; copy it from the model's export", name, folder);
        } catch (JsonProcessingException malformed) {
            throw invalid(
                    "%s is truncated or not JSON (line %d); replace it by the model's own",
                    name, malformed.getLocation().getLineNr());
        } catch (IOException failure) {
            throw invalid("%s cannot be read: %s", name, failure);
        }
    }

    /** Reads {@code folder/name} when it exists; an object without keys when it does not. */
    static ConfigFile readIfPresent(Path folder, String name) {
        return Files.exists(folder.resolve(name)) ? read(folder, name) : new ConfigFile(name, JSON.createObjectNode());
    }

    static InferenceException invalid(String format, Object... args) {
        return new InferenceException(InferenceException.Code.INVALID_BUNDLE, String.format(Locale.ROOT, format, args));
    }

    /** Path of the file within the bundle, for messages. */
    public String name() {
        return name;
    }

    public boolean has(String key) {
        return root.hasNonNull(key);
    }

    public String text(String key) {
        return require(key, JsonNode::isTextual, "a string").textValue();
    }

    public String text(String key, String absent) {
        return has(key) ? text(key) : absent;
    }

    /** The text of {@code key}, or of its {@code content} where a token is written as an object. */
    Optional<String> token(String key) {
        JsonNode node = root.path(key);
        JsonNode content = node.isObject() ? node.path("content") : node;
        return content.isTextual() ? Optional.of(content.textValue()) : Optional.empty();
    }

    public int integer(String key) {
        return require(key, JsonNode::canConvertToInt, "an integer").intValue();
    }

    public int integer(String key, int absent) {
        return has(key) ? integer(key) : absent;
    }

    /** The finite number at {@code key}. */
    public double number(String key) {
        return require(key, ConfigFile::isFinite, "a finite number").doubleValue();
    }

    public double number(String key, double absent) {
        return has(key) ? number(key) : absent;
    }

    /** The number at {@code key}, which may be infinite. */
    public double limit(String key, double absent) {
        return has(key)
                ? require(key, node -> node.isNumber() && !Double.isNaN(node.doubleValue()), "a number or an infinity")
                        .doubleValue()
                : absent;
    }

    private static boolean isFinite(JsonNode node) {
        return node.isNumber() && Double.isFinite(node.doubleValue());
    }

    public boolean flag(String key, boolean absent) {
        return has(key) ? require(key, JsonNode::isBoolean, "true or false").booleanValue() : absent;
    }

    /** The numbers of the list at {@code key}; empty when absent. A single number counts as a list of one. */
    public float[] numbers(String key) {
        if (!has(key)) {
            return new float[0];
        }
        JsonNode node = root.get(key);
        if (node.isNumber()) {
            return new float[] {node.floatValue()};
        }
        require(key, list -> list.isArray() && all(list, ConfigFile::isFinite), "a list of finite numbers");
        float[] numbers = new float[node.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = node.get(i).floatValue();
        }
        return numbers;
    }

    List<String> texts(String key) {
        return has(key) ? texts(require(key, ConfigFile::isTexts, "a list of strings")) : List.of();
    }

    /** The object at {@code key}, whose values must be lists of strings, in its own order; empty when absent. */
    Map<String, List<String>> textsByName(String key) {
        Map<String, List<String>> lists = new LinkedHashMap<>();
        if (has(key)) {
            require(key, node -> node.isObject() && all(node, ConfigFile::isTexts), "an object of lists of strings")
                    .properties()
                    .forEach(entry -> lists.put(entry.getKey(), texts(entry.getValue())));
        }
        return lists;
    }

    private static boolean isTexts(JsonNode node) {
        return node.isArray() && all(node, JsonNode::isTextual);
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.textValue()));
        return texts;
    }

    /** The object at {@code key}, whose values must be strings; sorted by key, empty when absent. */
    Map<String, String> textMap(String key) {
        if (!has(key)) {
            return Map.of();
        }
        Map<String, String> map = new TreeMap<>();
        require(key, object -> object.isObject() && all(object, JsonNode::isTextual), "an object of strings")
                .properties()
                .forEach(entry -> map.put(entry.getKey(), entry.getValue().textValue()));
        return map;
    }

    /** The object at {@code key} as a config of its own; without keys when absent. */
    public ConfigFile section(String key) {
        JsonNode node = has(key) ? require(key, JsonNode::isObject, "an object") : JSON.createObjectNode();
        return new ConfigFile(name + " " + key, node);
    }

    public boolean isObject(String key) {
        return root.path(key).isObject();
    }

    List<String> keys() {
        List<String> keys = new ArrayList<>();
        root.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    /** Whether {@code key} is there with a list whose first element is text: how model_index.json names a part. */
    boolean namesPart(String key) {
        return root.path(key).path(0).isTextual();
    }

    private JsonNode require(String key, java.util.function.Predicate<JsonNode> type, String expected) {
        JsonNode node = root.path(key);
        if (node.isMissingNode() || node.isNull()) {
            throw invalid("%s lacks the key %s (%s); add it from the model's own config", name, key, expected);
        }
        if (!type.test(node)) {
            throw invalid("%s: %s must be %s, got %s", name, key, expected, shortened(node.toString()));
        }
        return node;
    }

    private static boolean all(JsonNode nodes, java.util.function.Predicate<JsonNode> type) {
        for (JsonNode node : nodes) {
            if (!type.test(node)) {
                return false;
            }
        }
        return true;
    }

    private static String shortened(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
