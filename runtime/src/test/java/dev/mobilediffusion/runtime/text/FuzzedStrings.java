package dev.mobilediffusion.runtime.text;

import com.fasterxml.jackson.databind.JsonNode;

/** The generator of {@code models/forge/goldens/tokenizer.py}, number by number. */
final class FuzzedStrings {

    private final JsonNode pieces;
    private final JsonNode ranges; // first and last code point of each
    private long state;

    FuzzedStrings(long seed, JsonNode pieces, JsonNode ranges) {
        this.state = seed;
        this.pieces = pieces;
        this.ranges = ranges;
    }

    String next() {
        StringBuilder text = new StringBuilder();
        int parts = 1 + below(14);
        for (int part = 0; part < parts; part++) {
            int kind = below(4);
            if (kind < 2) {
                text.append(pieces.path(below(pieces.size())).textValue());
            } else if (kind == 2) {
                JsonNode range = ranges.path(below(ranges.size()));
                int first = range.path(0).intValue();
                text.appendCodePoint(first + below(range.path(1).intValue() - first + 1));
            } else {
                int length = 1 + below(8);
                for (int i = 0; i < length; i++) {
                    text.append((char) (32 + below(95)));
                }
            }
            if (below(2) == 1) {
                text.append(' ');
            }
        }
        return text.toString();
    }

    private int below(int bound) {
        state = state * 6364136223846793005L + 1442695040888963407L;
        return (int) ((state >>> 33) % bound);
    }
}
