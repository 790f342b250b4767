package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.text.KnownWords;
import dev.mobilediffusion.runtime.text.Rephrasing.Rephrased;
import dev.mobilediffusion.runtime.text.TokenizedPrompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Collects what the person who asked should know about one image. */
final class Warnings {

    private static final int WORDS_SHOWN = 8;

    private final KnownWords knownWords;
    private final List<String> sentences = new ArrayList<>();

    Warnings(KnownWords knownWords) {
        this.knownWords = knownWords;
    }

    void add(String format, Object... args) {
        sentences.add(String.format(Locale.ROOT, format, args));
    }

    /** Of {@code field}: what is drawn instead of what was written, what is unknown, and what was cut off. */
    void about(String field, Rephrased said, TokenizedPrompt tokens) {
        said.told().forEach((written, drawn) -> add("%s: '%s' is drawn as '%s'", field, written, drawn));
        unknown(field, said.text());
        truncated(field, tokens);
    }

    void aboutNegative(Rephrased said, TokenizedPrompt tokens, boolean guided) {
        if (said.text().isBlank()) {
            return;
        }
        if (guided) {
            about("negative_prompt", said, tokens);
        } else {
            add("negative_prompt has no effect: it works through guidance, which is off here");
        }
    }

    /** Of an image that is black because it must not be shown; its seed tells it from a job's others. */
    void flagged(long seed) {
        add(
                "the model's safety checker took the picture with seed %d for unsafe, so it is black; try another seed"
                        + " or prompt",
                seed);
    }

    List<String> sentences() {
        return sentences;
    }

    private void unknown(String field, String text) {
        List<String> words = knownWords.unknownIn(text);
        if (words.isEmpty()) {
            return;
        }
        String shown = words.stream().limit(WORDS_SHOWN).map(this::withNearest).collect(Collectors.joining(", "));
        String more = words.size() > WORDS_SHOWN ? " and %s more".formatted(words.size() - WORDS_SHOWN) : "";
        if (knownWords.knowsNothingOf(text)) {
            add(
                    "%s names nothing that the model was taught: %s%s; its known words say what it draws",
                    field, shown, more);
        } else {
            add("%s has words that the model does not know: %s%s", field, shown, more);
        }
    }

    private String withNearest(String word) {
        List<String> nearest = knownWords.nearest(word);
        return nearest.isEmpty() ? word : "%s (do you mean %s?)".formatted(word, String.join(" or ", nearest));
    }

    private void truncated(String field, TokenizedPrompt tokens) {
        if (tokens.isTruncated()) {
            add(
                    "%s is longer than the model's %d tokens; ignored: %s",
                    field, tokens.ids().length - 2, tokens.ignored());
        }
    }
}
