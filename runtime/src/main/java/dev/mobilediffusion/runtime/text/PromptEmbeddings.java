package dev.mobilediffusion.runtime.text;

import dev.mobilediffusion.runtime.CancelToken;
import java.nio.IntBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Prompt embeddings by token ids: computed once, then remembered until the bytes that they take are needed for newer
 * ones. Prompts that differ only in what the tokenizer drops (case, spaces) share an entry. One thread encodes; the
 * counts may be read by any.
 */
public final class PromptEmbeddings {

    private final TextEncoder encoder;
    private final long maxBytes;
    private final Map<IntBuffer, float[]> byIds = new LinkedHashMap<>(16, 0.75f, true);
    private final AtomicLong hits = new AtomicLong();
    private final AtomicLong misses = new AtomicLong();
    private long bytes;

    /** @param maxBytes what the remembered embeddings may take; 0 remembers nothing */
    public PromptEmbeddings(TextEncoder encoder, long maxBytes) {
        this.encoder = encoder;
        this.maxBytes = maxBytes;
    }

    /** The prompt's (R, D) vectors, weighted as it asks, row by row; shared, so only to be read. */
    public float[] of(TokenizedPrompt prompt, CancelToken cancel) {
        float[] states = unweighted(prompt.ids(), cancel);
        return prompt.isWeighted() ? PromptWeights.applied(states, prompt.weights(), encoder.hiddenSize()) : states;
    }

    /** Weights come after the text encoder, so prompts that differ only in them share an entry too. */
    private float[] unweighted(int[] ids, CancelToken cancel) {
        IntBuffer key = IntBuffer.wrap(ids.clone());
        float[] known = byIds.get(key);
        if (known != null) {
            hits.incrementAndGet();
            return known;
        }
        misses.incrementAndGet();
        float[] states = encoder.encode(ids, cancel);
        byIds.put(key, states);
        bytes += bytes(states);
        Iterator<float[]> oldest = byIds.values().iterator();
        while (bytes > maxBytes) {
            bytes -= bytes(oldest.next());
            oldest.remove();
        }
        return states;
    }

    /** Forgets all, since the text encoder has changed. */
    public void clear() {
        byIds.clear();
        bytes = 0;
    }

    public long hits() {
        return hits.get();
    }

    public long misses() {
        return misses.get();
    }

    private static long bytes(float[] states) {
        return (long) states.length * Float.BYTES;
    }
}
