package dev.mobilediffusion.runtime.text;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A piece of a prompt and how much it counts, as AUTOMATIC1111's web UI reads prompts:
 *
 * <pre>
 * (house)      1.1        [house]    1 / 1.1
 * (house:1.5)  1.5        \(house\)  1, with the brackets as text
 * </pre>
 *
 * Brackets nest, and their factors multiply. One that is never closed reaches to the end; one that was never opened, or
 * a colon without a number after it, is text.
 *
 * @param text without the brackets
 * @param weight 1 for text outside of all brackets
 */
record WeightedText(String text, double weight) {

    private static final double STRONGER = 1.1;
    private static final double WEAKER = 1 / STRONGER;

    /** What ends a round bracket with a weight of its own. */
    private static final Pattern NUMBER = Pattern.compile(":\\s*([+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+))\\s*\\)");

    /** Splits {@code prompt}; neighbours of equal weight are one piece. */
    static List<WeightedText> parse(String prompt) {
        return new Parser(prompt).pieces();
    }

    /** Reads one prompt from left to right. */
    private static final class Parser {

        private final String prompt;
        private final Matcher number;
        private final List<String> texts = new ArrayList<>();
        private final double[] weights; // of the texts, with room for as many as there are characters
        private final StringBuilder plain = new StringBuilder(); // text of weight 1, not yet a piece
        // Where the texts inside each open bracket begin. Two stacks, so that ([a)] closes what it names
        private final Deque<Integer> round = new ArrayDeque<>();
        private final Deque<Integer> square = new ArrayDeque<>();

        private Parser(String prompt) {
            this.prompt = prompt;
            this.number = NUMBER.matcher(prompt);
            this.weights = new double[prompt.length()];
        }

        private List<WeightedText> pieces() {
            int at = 0;
            while (at < prompt.length()) {
                at += read(at);
            }
            endPiece();
            round.forEach(from -> multiply(from, STRONGER));
            square.forEach(from -> multiply(from, WEAKER));
            return joined();
        }

        /** Reads what stands at {@code at}; how many characters that took. */
        private int read(int at) {
            char character = prompt.charAt(at);
            switch (character) {
                case '\\' -> {
                    return readEscape(at);
                }
                case '(' -> open(round);
                case '[' -> open(square);
                case ')' -> close(round, STRONGER, character);
                case ']' -> close(square, WEAKER, character);
                case ':' -> {
                    number.region(at, prompt.length());
                    if (!round.isEmpty() && number.lookingAt()) {
                        close(round, Double.parseDouble(number.group(1)), ')');
                        return number.end() - at;
                    }
                    plain.append(character);
                }
                default -> plain.append(character);
            }
            return 1;
        }

        /** A backslash makes text of the bracket or backslash after it, and vanishes. */
        private int readEscape(int at) {
            boolean escapes = at + 1 < prompt.length() && "()[]\\".indexOf(prompt.charAt(at + 1)) >= 0;
            if (escapes) {
                plain.append(prompt.charAt(at + 1));
            }
            return escapes ? 2 : 1;
        }

        private void open(Deque<Integer> brackets) {
            endPiece();
            brackets.push(texts.size());
        }

        private void close(Deque<Integer> brackets, double factor, char character) {
            if (brackets.isEmpty()) {
                plain.append(character);
                return;
            }
            endPiece();
            multiply(brackets.pop(), factor);
        }

        private void multiply(int from, double factor) {
            for (int i = from; i < texts.size(); i++) {
                weights[i] *= factor;
            }
        }

        private void endPiece() {
            if (!plain.isEmpty()) {
                weights[texts.size()] = 1;
                texts.add(plain.toString());
                plain.setLength(0);
            }
        }

        private List<WeightedText> joined() {
            List<WeightedText> joined = new ArrayList<>();
            int from = 0;
            for (int i = 1; i <= texts.size(); i++) {
                if (i == texts.size() || weights[i] != weights[from]) {
                    joined.add(new WeightedText(String.join("", texts.subList(from, i)), weights[from]));
                    from = i;
                }
            }
            return joined;
        }
    }
}
