package dev.mobilediffusion.runtime.text;

import dev.mobilediffusion.runtime.bundle.TokenizerFiles;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * CLIP's tokenizer: gives the ids that transformers' {@code CLIPTokenizer} gives for the same files, padded and
 * truncated to the model's length. (Theirs composes accents by the tables of Unicode 9, Java by today's; they can differ
 * where several newer combining marks stand on one letter.)
 *
 * <pre>{@code
 * tokenizer.encode("a photo of a cat").ids()   // 49406 320 1125 539 320 2368 49407 49407 …, 77 of them
 * }</pre>
 *
 * Immutable, thread-safe.
 */
public final class ClipTokenizer {

    /**
     * Contractions, runs of letters, single digits, runs of anything else that is not space; and, since it comes before
     * the last, what looks like a special token after lower-casing.
     */
    private static final Pattern PIECES = Pattern.compile(
            "<\\|(?<lookalike>startoftext|endoftext)\\|>|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+",
            Pattern.UNICODE_CHARACTER_CLASS);

    private static final Pattern SPACES = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    private static final int CAPITAL_I_WITH_DOT = 0x130;
    private static final int IGNORED_SHOWN = 80;

    private final BytePairs bytePairs;
    private final Pattern specials;
    private final Map<String, Integer> specialIds;
    private final int startId;
    private final int endId;
    private final int padId;
    private final int maxLength;

    public ClipTokenizer(TokenizerFiles files) {
        Map<String, Integer> vocabulary = files.vocabulary();
        startId = vocabulary.get(files.startToken());
        endId = vocabulary.get(files.endToken());
        padId = vocabulary.get(files.padToken());
        maxLength = files.maxLength();
        bytePairs = new BytePairs(vocabulary, files.merges(), vocabulary.get(files.unknownToken()));
        specialIds = files.specialTokens().stream().collect(Collectors.toMap(token -> token, vocabulary::get));
        specials = Pattern.compile(specialIds.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
    }

    /** Length of every encoded prompt, start and end included. */
    public int maxLength() {
        return maxLength;
    }

    /** Encodes {@code text}, which may be empty and of any length; brackets are text like any other. */
    public TokenizedPrompt encode(String text) {
        Ids ids = new Ids();
        encode(text, ids);
        return ids.padded();
    }

    /**
     * Encodes a prompt in which brackets weigh words, {@code "a (red:1.3) house"}, as AUTOMATIC1111's web UI reads them:
     * {@code (more)}, {@code [less]}, {@code \\(a bracket\\)}. Each piece of one weight is encoded for itself.
     */
    public TokenizedPrompt encodeWeighted(String prompt) {
        Ids ids = new Ids();
        for (WeightedText piece : WeightedText.parse(prompt)) {
            ids.weight = (float) piece.weight();
            encode(piece.text(), ids);
        }
        return ids.padded();
    }

    /** The ids of {@code text} alone, without start and end: the first {@code most} of them, as many as a prompt holds. */
    public List<Integer> ids(String text, int most) {
        Ids ids = new Ids();
        encode(text, ids);
        return Arrays.stream(ids.ids, 1, Math.min(ids.count, most + 1)).boxed().toList();
    }

    private void encode(String text, Ids ids) {
        Matcher special = specials.matcher(text);
        int from = 0;
        while (special.find()) {
            encodePlain(text.substring(from, special.start()), ids);
            ids.add(special.group(), specialIds.get(special.group()));
            from = special.end();
        }
        encodePlain(text.substring(from), ids);
    }

    private void encodePlain(String text, Ids ids) {
        Matcher piece = PIECES.matcher(normalize(text));
        while (piece.find()) {
            String lookalike = piece.group("lookalike");
            if (lookalike == null) {
                encodeWord(piece.group(), ids);
            } else {
                encodeWord("<|", ids);
                encodeWord(lookalike, ids);
                encodeWord("|>", ids);
            }
        }
    }

    private void encodeWord(String word, Ids ids) {
        ids.add(word, bytePairs.encode(word.getBytes(StandardCharsets.UTF_8)));
    }

    private static String normalize(String text) {
        String composed = Normalizer.normalize(text, Normalizer.Form.NFC);
        return lowerCase(SPACES.matcher(composed).replaceAll(" "));
    }

    /** Each code point by itself: {@link String#toLowerCase} would heed the place of a sigma in its word. */
    private static String lowerCase(String text) {
        StringBuilder lower = new StringBuilder(text.length());
        text.codePoints().forEach(codePoint -> {
            if (codePoint == CAPITAL_I_WITH_DOT) {
                lower.append("i\u0307"); // the one character whose lower case is two
            } else {
                lower.appendCodePoint(Character.toLowerCase(codePoint));
            }
        });
        return lower.toString();
    }

    /** The ids so far; what comes after the last that fits is kept as text. */
    private final class Ids {

        private final int[] ids = new int[maxLength];
        private final float[] weights = new float[maxLength];
        private final StringBuilder ignored = new StringBuilder();
        private float weight = 1; // of what is added next
        private int count = 1;

        private Ids() {
            ids[0] = startId;
            Arrays.fill(weights, 1);
        }

        private void add(String word, int... wordIds) {
            int room = maxLength - 1 - count;
            if (wordIds.length > room && ignored.length() < IGNORED_SHOWN) {
                ignored.append(ignored.isEmpty() ? "" : " ").append(word);
            }
            int fitting = Math.min(wordIds.length, room);
            System.arraycopy(wordIds, 0, ids, count, fitting);
            Arrays.fill(weights, count, count + fitting, weight);
            count += fitting;
        }

        private TokenizedPrompt padded() {
            ids[count] = endId;
            Arrays.fill(ids, count + 1, maxLength, padId);
            if (ignored.length() > IGNORED_SHOWN) {
                ignored.setLength(IGNORED_SHOWN);
                ignored.append('…');
            }
            return new TokenizedPrompt(ids, weights, ignored.toString());
        }
    }
}
