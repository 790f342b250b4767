package dev.mobilediffusion.server.settings;

import java.util.Locale;

/**
 * One setting.
 *
 * @param key lower case with dashes: {@code queue-capacity}, as a flag {@code --queue-capacity}
 * @param usual value where it is not given
 * @param bounds of its value
 * @param meaning a sentence for people, without a capital and a full stop
 */
public record Setting(String key, String usual, String bounds, String meaning) {

    /** Before the name of every variable. */
    public static final String PREFIX = "MOBILEDIFFUSION_";

    /** Its variable: {@code MOBILEDIFFUSION_QUEUE_CAPACITY}. */
    public String variable() {
        return PREFIX + key.toUpperCase(Locale.ROOT).replace('-', '_');
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
