package dev.mobilediffusion.server.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.job.ImageContent;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Locale;

/** JSON as strict as the network deserves: UTF-8, no key twice, nothing after the end, no deep nesting. */
public final class Json {

    private static final int MAX_DEPTH = 32;
    private static final int MAX_NUMBER_LENGTH = 64;
    private static final String LIMITS = "it nests deeper than %s levels, or a number has more than %s digits"
            .formatted(MAX_DEPTH, MAX_NUMBER_LENGTH);

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxNumberLength(MAX_NUMBER_LENGTH)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .addModule(new SimpleModule().addSerializer(ImageContent.class, new Base64Serializer()))
            .build();
    private static final ObjectWriter STREAMING = MAPPER.writer()
            .without(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
            .without(SerializationFeature.FLUSH_AFTER_WRITE_VALUE);

    private Json() {}

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    public static byte[] bytes(JsonNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            if (e.getCause() instanceof ApiException gone) {
                throw gone; // an image's bytes cannot be read any more
            }
            throw new IllegalStateException("a tree of JSON can always be written", e);
        }
    }

    /** Writes to {@code output} without closing it; images go from their files through, a piece at a time. */
    public static void write(JsonNode node, OutputStream output) throws IOException {
        STREAMING.writeValue(output, node);
    }

    /** @throws ApiException INVALID_REQUEST when {@code body} is no JSON object */
    public static ObjectNode parseObject(byte[] body) {
        if (body.length == 0) {
            throw ApiException.invalid("", "the request has no body; it must be a JSON object");
        }
        return parseObject("the body", body);
    }

    /** As {@link #parseObject(byte[])}, for a text that is called {@code subject} when it is refused. */
    static ObjectNode parseObject(String subject, byte[] text) {
        JsonNode node;
        try {
            node = MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw JsonFault.of(subject, text, LIMITS, e);
        } catch (IOException e) {
            throw ApiException.invalid("", "%s is not valid JSON: it is not UTF-8", subject);
        }
        if (!(node instanceof ObjectNode object)) {
            throw ApiException.invalid("", "%s must be a JSON object, got %s", subject, kind(node));
        }
        return (ObjectNode) WellFormed.of(object);
    }

    /** What a person would call the value. */
    public static String kind(JsonNode node) {
        String kind = node.getNodeType().name().toLowerCase(Locale.ROOT);
        return switch (node.getNodeType()) {
            case MISSING -> "nothing";
            case ARRAY, OBJECT -> "an " + kind;
            case NULL -> kind;
            default -> "a " + kind;
        };
    }

    /** An image, put into a tree by {@link ObjectNode#putPOJO}, becomes text only when the tree is written. */
    private static final class Base64Serializer extends JsonSerializer<ImageContent> {

        @Override
        public void serialize(ImageContent content, JsonGenerator generator, SerializerProvider provider)
                throws IOException {
            try (InputStream stream = content.open()) {
                generator.writeBinary(stream, Math.toIntExact(content.size()));
            }
        }
    }
}
