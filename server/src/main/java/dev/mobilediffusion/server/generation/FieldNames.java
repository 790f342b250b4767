package dev.mobilediffusion.server.generation;

import java.util.Map;

/**
 * How an API spells the fields of a request.
 *
 * <pre>{@code
 * new FieldNames(Map.of(Field.QUALITY, "output_compression"))
 * }</pre>
 *
 * @param others spellings that differ from the field's own, which is its name in lower case
 */
public record FieldNames(Map<Field, String> others) {

    /** Every field by its own name. */
    public static final FieldNames OWN = new FieldNames(Map.of());

    public FieldNames {
        others = Map.copyOf(others);
    }

    public String of(Field field) {
        return others.getOrDefault(field, field.label());
    }
}
