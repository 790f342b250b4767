package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.pipeline.TextToImagePipeline;
import java.nio.file.Path;
import java.util.function.Function;

/** Loads bundles, and keeps count of their prompt caches over all that were loaded. Thread-safe. */
final class PipelineLoader implements Function<Path, TextToImage> {

    private final RuntimeOptions options;
    private TextToImagePipeline current;
    private long earlierHits;
    private long earlierMisses;

    PipelineLoader(RuntimeOptions options) {
        this.options = options;
    }

    @Override
    public TextToImage apply(Path bundle) {
        TextToImagePipeline loaded = TextToImagePipeline.load(bundle, options);
        synchronized (this) {
            earlierHits = (long) cacheHits();
            earlierMisses = (long) cacheMisses();
            current = loaded;
        }
        return loaded;
    }

    synchronized double cacheHits() {
        return earlierHits + (current == null ? 0 : current.embeddingCacheHits());
    }

    synchronized double cacheMisses() {
        return earlierMisses + (current == null ? 0 : current.embeddingCacheMisses());
    }
}
