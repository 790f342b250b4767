package dev.mobilediffusion.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.error.ApiException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A JSON object's fields by type. Absent and null are the same, numbers may be spelled as text as some clients do, and
 * a wrong type is refused by the field's name. Where several names mean one thing, the first that is there counts.
 */
public record Fields(ObjectNode object) {

    /** Names of all fields but those that are null. */
    public List<String> names() {
        return object.properties().stream()
                .filter(field -> !field.getValue().isNull())
                .map(Map.Entry::getKey)
                .toList();
    }

    public Optional<String> text(String name) {
        JsonNode value = object.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isTextual()) {
            throw ApiException.invalid(name, "%s must be a string, got %s", name, Json.kind(value));
        }
        return Optional.of(value.textValue());
    }

    /** As {@link #text}, for fields that clients fill with anything: what is no string counts as absent. */
    public Optional<String> lenientText(String name) {
        return Optional.of(object.path(name)).filter(JsonNode::isTextual).map(JsonNode::textValue);
    }

    public boolean flag(String name, boolean otherwise) {
        JsonNode value = object.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw ApiException.invalid(name, "%s must be true or false, got %s", name, Json.kind(value));
        }
        return value.booleanValue();
    }

    public OptionalLong whole(String... names) {
        for (String name : names) {
            Optional<BigDecimal> value = number(name);
            if (value.isPresent()) {
                try {
                    return OptionalLong.of(value.get().longValueExact());
                } catch (ArithmeticException e) {
                    throw ApiException.invalid(
                            name, "%s must be a whole number of at most 63 bits, got %s", name, shown(value.get()));
                }
            }
        }
        return OptionalLong.empty();
    }

    public OptionalInt count(String... names) {
        for (String name : names) {
            OptionalLong value = whole(name);
            if (value.isPresent()) {
                if (value.getAsLong() != (int) value.getAsLong()) {
                    throw ApiException.invalid(name, "%s is out of range, got %d", name, value.getAsLong());
                }
                return OptionalInt.of((int) value.getAsLong());
            }
        }
        return OptionalInt.empty();
    }

    public OptionalDouble real(String... names) {
        for (String name : names) {
            Optional<BigDecimal> value = number(name);
            if (value.isPresent()) {
                return OptionalDouble.of(value.get().doubleValue());
            }
        }
        return OptionalDouble.empty();
    }

    private Optional<BigDecimal> number(String name) {
        JsonNode value = object.path(name);
        if (value.isMissingNode()
                || value.isNull()
                || (value.isTextual() && value.textValue().isBlank())) {
            return Optional.empty();
        }
        if (value.isNumber() && Double.isFinite(value.doubleValue())) {
            return Optional.of(bounded(name, value.decimalValue()));
        }
        if (value.isTextual() && value.textValue().length() <= 40) {
            try {
                return Optional.of(
                        bounded(name, new BigDecimal(value.textValue().strip())));
            } catch (NumberFormatException e) {
                throw ApiException.invalid(name, "%s must be a number, got \"%s\"", name, value.textValue());
            }
        }
        throw ApiException.invalid(
                name, "%s must be a number, got %s", name, value.isNumber() ? "one out of range" : Json.kind(value));
    }

    /** 1e999999999 is short as text, and endless once it is a whole number. */
    private static BigDecimal bounded(String name, BigDecimal value) {
        if (Math.abs((long) value.precision() - value.scale()) > 400 || Math.abs((long) value.scale()) > 1000) {
            throw ApiException.invalid(name, "%s is out of range", name);
        }
        return value;
    }

    private static String shown(BigDecimal value) {
        String text = value.toString();
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
