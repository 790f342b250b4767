package dev.mobilediffusion.server.settings;

import java.util.Locale;

/**
 * One setting.
 *
 * @param key lower case with dashes: {@code queue-capacity}, as a flag {@code --queue-capacity}
 * @param kind how its value is written
 * @param usual value where it is not given
 * @param bounds of its value
 * @param meaning a sentence for people, without a capital and a full stop
 */
public record Setting(String key, Kind kind, String usual, String bounds, String meaning) {

    /** How a value is written. */
    public enum Kind {
        /** {@code true} or {@code false}; as a flag, nothing means true. */
        FLAG(""),
        /** A whole number of at most 31 bits. */
        NUMBER("N"),
        /** A whole number of at most 63 bits. */
        BYTES("BYTES"),
        /** As ISO 8601 has it, such as {@code PT30S}. */
        DURATION("TIME"),
        PATH("PATH"),
        /** Words with commas between them. */
        LIST("LIST"),
        TEXT("TEXT");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        /** What stands for the value in a command's help; empty for a flag. */
        public String label() {
            return label;
        }
    }

    /** A text. */
    public Setting(String key, String usual, String bounds, String meaning) {
        this(key, Kind.TEXT, usual, bounds, meaning);
    }

    /** Before the name of every variable. */
    public static final String PREFIX = "MOBILEDIFFUSION_";

    /** Its variable: {@code MOBILEDIFFUSION_QUEUE_CAPACITY}. */
    public String variable() {
        return PREFIX + key.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    /** {@code --queue-capacity}. */
    public String flag() {
        return "--" + key;
    }

    /** Meaning, bounds and default in one sentence. */
    public String help() {
        return Character.toUpperCase(meaning.charAt(0)) + meaning.substring(1) + "; " + bounds + ". Default: " + usual
                + ".";
    }

    /** A row of a Markdown table. */
    public String row() {
        return "| `%s` | %s | %s | %s |".formatted(key, usual, bounds, meaning);
    }
}
