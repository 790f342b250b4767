package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.text.KnownWords;
import dev.mobilediffusion.runtime.text.TokenizedPrompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Collects what the person who asked should know about one picture. */
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
        if (!words.isEmpty()) {
            String shown = String.join(", ", words.subList(0, Math.min(words.size(), WORDS_SHOWN)));
            String more = words.size() > WORDS_SHOWN ? " and %s more".formatted(words.size() - WORDS_SHOWN) : "";
            add("%s has words that the model does not know: %s%s", field, shown, more);
        }
    }

    private void truncated(String field, TokenizedPrompt tokens) {
        if (tokens.isTruncated()) {
            add(
                    "%s is longer than the model's %d tokens; ignored: %s",
                    field, tokens.ids().length - 2, tokens.ignored());
        }
    }
}
