package dev.mobilediffusion.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;

/**
 * Text that any parser can read back. JSON may spell half a character, as a client does that cuts a text in the middle of an
 * emoji; sent on, it would be JSON or a header that other parsers refuse. So halves become U+FFFD, as in WebIDL's
 * {@code USVString}.
 */
final class WellFormed {

    private static final char REPLACEMENT = '\ufffd';

    private WellFormed() {}

    /** {@code node} with whole characters alone; the parser has refused names that have halves. */
    static JsonNode of(JsonNode node) {
        if (node instanceof ObjectNode object) {
            ObjectNode whole = object.objectNode();
            for (Map.Entry<String, JsonNode> field : object.properties()) {
                whole.set(field.getKey(), of(field.getValue()));
            }
            return whole;
        }
        if (node instanceof ArrayNode array) {
            ArrayNode whole = array.arrayNode(array.size());
            array.forEach(item -> whole.add(of(item)));
            return whole;
        }
        return node.isTextual() && !isWhole(node.textValue()) ? TextNode.valueOf(of(node.textValue())) : node;
    }

    static String of(String text) {
        if (isWhole(text)) {
            return text;
        }
        StringBuilder whole = new StringBuilder(text.length());
        text.codePoints().forEach(point -> whole.appendCodePoint(isHalf(point) ? REPLACEMENT : point));
        return whole.toString();
    }

    private static boolean isWhole(String text) {
        int next = 0;
        while (next < text.length()) {
            int point = text.codePointAt(next);
            if (isHalf(point)) {
                return false;
            }
            next += Character.charCount(point);
        }
        return true;
    }

    private static boolean isHalf(int point) {
        return point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
    }
}
