package dev.mobilediffusion.runtime.text;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The words that a small model was trained on, to tell people which of theirs it has never seen. Immutable. */
public final class KnownWords {

    /** Emoji are words, too, one each. */
    private static final Pattern WORD = Pattern.compile("\\p{L}+|\\p{IsExtended_Pictographic}");

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
