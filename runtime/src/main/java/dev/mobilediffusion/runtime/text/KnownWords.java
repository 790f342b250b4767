package dev.mobilediffusion.runtime.text;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The words that a small model was trained on, to tell people which of theirs it has never seen. Immutable. */
public final class KnownWords {

    /** Emoji are words, too, one each. */
    private static final Pattern WORD = Pattern.compile("\\p{L}+|\\p{IsExtended_Pictographic}");

    private static final Set<String> JOINING =
            Set.of("a", "an", "the", "and", "or", "of", "in", "on", "at", "by", "to", "for", "with", "from");

    /** Letters from which on one slip may be meant, and two. */
    private static final int SHORT = 4;

    private static final int LONG = 6;
    private static final int MOST_NEAREST = 2;

    private final Set<String> words = new HashSet<>();

    /** @param words entries of one or more words ("hot-air"); empty when the model takes any text */
    public KnownWords(Collection<String> words) {
        words.forEach(entry -> this.words.addAll(wordsOf(entry)));
    }

    /** The words of {@code text} that are not known, lower case, in order, each once. */
    public List<String> unknownIn(String text) {
        if (words.isEmpty()) {
            return List.of();
        }
        List<String> unknown = new ArrayList<>(new LinkedHashSet<>(wordsOf(text)));
        unknown.removeIf(words::contains);
        return unknown;
    }

    /** Whether {@code text} has words beside those that only join others, and none of them is known. */
    public boolean knowsNothingOf(String text) {
        if (words.isEmpty()) {
            return false;
        }
        List<String> telling = wordsOf(text);
        telling.removeAll(JOINING);
        return !telling.isEmpty() && telling.stream().noneMatch(words::contains);
    }

    /** Known words that {@code word} may be a slip of: at most {@value #MOST_NEAREST}, the nearest first. */
    public List<String> nearest(String word) {
        int limit = word.length() < SHORT ? 0 : word.length() < LONG ? 1 : 2;
        Map<String, Integer> distances = new HashMap<>();
        for (String known : words) {
            int distance = limit == 0 ? 1 : EditDistance.between(word, known, limit);
            if (distance <= limit) {
                distances.put(known, distance);
            }
        }
        return distances.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                .limit(MOST_NEAREST)
                .map(Map.Entry::getKey)
                .toList();
    }

    private static List<String> wordsOf(String text) {
        List<String> found = new ArrayList<>();
        Matcher matcher = WORD.matcher(Normalizer.normalize(text, Normalizer.Form.NFC)
                .toLowerCase(Locale.ROOT)
                .replaceAll("'s\\b", ""));
        while (matcher.find()) {
            found.add(matcher.group());
        }
        return found;
    }
}
