package dev.mobilediffusion.runtime.text;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Byte pair encoding of single words (Sennrich et al. 2016): starting from one symbol per byte, the neighbours whose
 * pair ranks first in the merge list become one, leftmost first, until no pair is in the list. Immutable, thread-safe.
 */
final class BytePairs {

    private static final String END_OF_WORD = "</w>";

    private final Map<String, Integer> vocabulary;
    private final Map<Long, Merge> merges;
    private final int unknownId;
    private final int[] byteIds; // (256) id of a byte inside a word
    private final int[] lastByteIds; // (256) id of a byte that ends a word

    private record Merge(int rank, int id) {}

    /** A pair that could be merged; stale when one of its symbols has changed since. */
    private record Candidate(int rank, int left, int leftId, int rightId, int mergedId)
            implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            return rank != other.rank ? Integer.compare(rank, other.rank) : Integer.compare(left, other.left);
        }
    }

    BytePairs(Map<String, Integer> vocabulary, List<String> mergeList, int unknownId) {
        this.vocabulary = vocabulary;
        this.unknownId = unknownId;
        this.merges = new HashMap<>();
        for (int rank = 0; rank < mergeList.size(); rank++) {
            String[] pair = mergeList.get(rank).split(" ", 2);
            merges.putIfAbsent(key(id(pair[0]), id(pair[1])), new Merge(rank, id(pair[0] + pair[1])));
        }
        byteIds = new int[256];
        lastByteIds = new int[256];
        for (int b = 0; b < 256; b++) {
            String symbol = String.valueOf(symbol(b));
            byteIds[b] = id(symbol);
            lastByteIds[b] = id(symbol + END_OF_WORD);
        }
    }

    /** Token ids of a word that is given as its UTF-8 bytes. */
    int[] encode(byte[] word) {
        int[] ids = new int[word.length];
        for (int i = 0; i < word.length; i++) {
            ids[i] = (i == word.length - 1 ? lastByteIds : byteIds)[word[i] & 0xFF];
        }
        int[] next = new int[word.length]; // a linked list, since symbols vanish
        int[] previous = new int[word.length];
        PriorityQueue<Candidate> queue = new PriorityQueue<>();
        for (int i = 0; i < word.length; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            offer(queue, ids, i, i + 1);
        }
        while (!queue.isEmpty()) {
            Candidate candidate = queue.poll();
            int left = candidate.left;
            int right = ids[left] == candidate.leftId ? next[left] : word.length;
            if (right >= word.length || ids[right] != candidate.rightId) {
                continue;
            }
            ids[left] = candidate.mergedId;
            ids[right] = -1;
            next[left] = next[right];
            if (next[left] < word.length) {
                previous[next[left]] = left;
                offer(queue, ids, left, next[left]);
            }
            if (previous[left] >= 0) {
                offer(queue, ids, previous[left], left);
            }
        }
        return Arrays.stream(ids).filter(id -> id >= 0).toArray();
    }

    private void offer(PriorityQueue<Candidate> queue, int[] ids, int left, int right) {
        if (right < ids.length) {
            Merge merge = merges.get(key(ids[left], ids[right]));
            if (merge != null) {
                queue.add(new Candidate(merge.rank, left, ids[left], ids[right], merge.id));
            }
        }
    }

    private int id(String token) {
        return vocabulary.getOrDefault(token, unknownId);
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }

    /**
     * The printable character that stands for a byte in the vocabulary (as in GPT-2): visible Latin-1 characters stand
     * for themselves, the rest for those from U+0100 on.
     */
    private static char symbol(int b) {
        if (isVisible(b)) {
            return (char) b;
        }
        int invisibleBefore = 0;
        for (int other = 0; other < b; other++) {
            if (!isVisible(other)) {
                invisibleBefore++;
            }
        }
        return (char) (256 + invisibleBefore);
    }

    private static boolean isVisible(int b) {
        return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
    }
}
