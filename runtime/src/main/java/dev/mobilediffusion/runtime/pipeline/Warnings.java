package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.text.KnownWords;
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

    void about(ImageRequest request, TokenizedPrompt prompt, TokenizedPrompt negativePrompt, boolean guided) {
        unknown("prompt", request.prompt());
        truncated("prompt", prompt);
        if (request.negativePrompt().isBlank()) {
            return;
        }
        if (!guided) {
            add("negative_prompt has no effect: it works through guidance, which is off here");
            return;
        }
        unknown("negative_prompt", request.negativePrompt());
        truncated("negative_prompt", negativePrompt);
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
