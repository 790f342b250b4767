package dev.mobilediffusion.runtime.concept;

import dev.mobilediffusion.runtime.InferenceException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** What a thing may be called, and its plurals. */
final class ConceptNames {

    static final int MAX_LENGTH = 40;
    static final int MAX_NAMES = 8;

    /** Letters, digits, emoji and what joins them; not what weighs words in a prompt. */
    private static final Pattern NAME = Pattern.compile(
            "(?:[\\p{L}\\p{M}\\p{N}\\p{So}\\p{Sk}]|\\p{IsExtended_Pictographic}|[ '\\-\\u200d\\ufe0f])+");

    private static final Pattern TELLING = Pattern.compile("[\\p{L}\\p{N}\\p{So}]|\\p{IsExtended_Pictographic}");

    private ConceptNames() {}

    /**
     * The name, then the others, as they are compared: lower case, each once.
     *
     * @throws InferenceException with code INVALID_REQUEST that names field, bound and value
     */
    static List<String> checked(String name, List<String> others) {
        Set<String> names = new LinkedHashSet<>();
        names.add(checked("name", name));
        others.forEach(other -> names.add(checked("names", other)));
        if (names.size() > MAX_NAMES) {
            throw InferenceException.invalid(
                    "names", "names must be at most %d, the name itself included, got %d", MAX_NAMES, names.size());
        }
        return List.copyOf(names);
    }

    static String normalized(String name) {
        return Normalizer.normalize(name, Normalizer.Form.NFC)
                .replaceAll("\\s+", " ")
                .strip()
                .toLowerCase(Locale.ROOT);
    }

    private static String checked(String field, String given) {
        if (given.length() > 4 * MAX_LENGTH) {
            throw InferenceException.invalid(
                    field, "%s must have at most %d characters, got %d", field, MAX_LENGTH, given.length());
        }
        String name = normalized(given);
        int length = name.codePointCount(0, name.length());
        if (length < 1 || length > MAX_LENGTH) {
            throw InferenceException.invalid(
                    field, "%s must have 1 to %d characters, got %d", field, MAX_LENGTH, length);
        }
        if (!NAME.matcher(name).matches() || !TELLING.matcher(name).find()) {
            throw InferenceException.invalid(
                    field, "%s must be words of letters and digits, or emoji, got '%s'", field, name);
        }
        return name;
    }

    /** How prompts spell a name: itself, and more than one of it; emoji in a row, with the comma that follows. */
    static List<String> spellings(String name) {
        if (name.codePoints().anyMatch(Character::isLetterOrDigit)) {
            return List.of(name, plural(name)).stream().distinct().toList();
        }
        List<String> spellings = new ArrayList<>();
        for (int count = 1; count <= 3; count++) {
            spellings.add(name.repeat(count));
            spellings.add(name.repeat(count) + ",");
        }
        return spellings;
    }

    /** English by rule, as the forge's own: "cup of tea" gives "cups of tea". */
    static String plural(String name) {
        for (String link : List.of(" of ", " with ", " in ")) {
            int at = name.indexOf(link);
            if (at > 0) {
                return plural(name.substring(0, at)) + name.substring(at);
            }
        }
        if (name.matches(".*(?:s|x|ch|sh)")) {
            return name + "es";
        }
        return name.matches(".*[^aeiou]y") ? name.substring(0, name.length() - 1) + "ies" : name + "s";
    }
}
