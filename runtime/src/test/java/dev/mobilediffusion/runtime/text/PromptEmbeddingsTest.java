package dev.mobilediffusion.runtime.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.sameInstance;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class PromptEmbeddingsTest {

    private static final long BYTES_EACH = 48 * 16 * Float.BYTES;

    private final ModelBundle bundle = ModelBundle.open(TinyBundle.folder(TinyBundle.FLOW));
    private final ClipTokenizer tokenizer = new ClipTokenizer(bundle.tokenizer());
    private final TextEncoder encoder = TextEncoder.load(bundle, 48, RuntimeOptions.defaults());

    @AfterEach
    void close() {
        encoder.close();
    }

    @Test
    void remembersAPrompt() {
        PromptEmbeddings embeddings = new PromptEmbeddings(encoder, 10 * BYTES_EACH);

        float[] first = of(embeddings, "a red house");
        float[] again = of(embeddings, "A red  HOUSE");
        float[] other = of(embeddings, "two blue fish");

        assertThat(again, is(sameInstance(first)));
        assertThat(other, is(not(first)));
        assertThat(embeddings.hits(), is(1L));
        assertThat(embeddings.misses(), is(2L));
    }

    @Test
    void forgetsTheLeastRecentlyUsedWhenItsBytesAreSpent() {
        PromptEmbeddings embeddings = new PromptEmbeddings(encoder, 2 * BYTES_EACH);

        of(embeddings, "the sea");
        of(embeddings, "the city");
        of(embeddings, "the sea");
        of(embeddings, "the meadow");
        of(embeddings, "the sea");
        of(embeddings, "the city");

        assertThat(embeddings.hits(), is(2L));
        assertThat(embeddings.misses(), is(4L));
    }

    @Test
    void remembersNothingWithoutBytes() {
        PromptEmbeddings embeddings = new PromptEmbeddings(encoder, 0);

        assertThat(of(embeddings, "the sea"), is(of(embeddings, "the sea")));
        assertThat(embeddings.hits(), is(0L));
    }

    private float[] of(PromptEmbeddings embeddings, String prompt) {
        return embeddings.of(tokenizer.encodeWeighted(prompt), new CancelToken());
    }
}
