package dev.mobilediffusion.runtime.text;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Puts what people write into the words of a small model, by its bundle's list: "in the garden" becomes "in a meadow".
 * Whole words in any case, the longest phrase first; a number only before a word, so that weights and "4k" stay. Immutable.
 */
public final class Rephrasing {

    private static final Pattern SPACE = Pattern.compile("\\s+");

    private final Map<String, String> said = new HashMap<>();
    private final Map<String, String> nearest = new HashMap<>();
    private final Pattern pattern;

    /**
     * @param readAs phrases → what means the same; a phrase that means itself is a name and stays
     * @param drawnAs phrases → the nearest that the model draws, which people are told
     */
    public Rephrasing(Map<String, String> readAs, Map<String, String> drawnAs) {
        readAs.forEach((written, meant) -> said.put(key(written), meant));
        drawnAs.forEach((written, meant) -> nearest.put(key(written), meant));
        said.putAll(nearest);
        String phrases = said.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Rephrasing::form)
                .collect(Collectors.joining("|"));
        pattern = Pattern.compile(
                "(?<![\\p{L}\\p{N}_.:,-])(?:" + phrases + ")(?![\\p{L}\\p{N}_-])",
                Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);
    }

    /**
     * What becomes of a prompt.
     *
     * @param text for the tokenizer
     * @param told phrases that were written → the nearest that is drawn instead, in the order of the prompt
     */
    public record Rephrased(String text, Map<String, String> told) {}

    public Rephrased apply(String prompt) {
        Map<String, String> told = new LinkedHashMap<>();
        if (said.isEmpty()) {
            return new Rephrased(prompt, told);
        }
        String text = pattern.matcher(prompt).replaceAll(found -> {
            String written = key(found.group());
            if (nearest.containsKey(written)) {
                told.put(written, nearest.get(written));
            }
            return Matcher.quoteReplacement(said.get(written));
        });
        return new Rephrased(text, told);
    }

    private static String key(String phrase) {
        return SPACE.matcher(phrase).replaceAll(" ").toLowerCase(Locale.ROOT);
    }

    private static String form(String phrase) {
        String words = SPACE.splitAsStream(phrase).map(Pattern::quote).collect(Collectors.joining("\\s+"));
        return phrase.chars().allMatch(Character::isDigit) ? words + "(?=\\s+\\p{L})" : words;
    }
}
