package dev.mobilediffusion.server.models;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.pipeline.TextToImagePipeline;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;

/** Loads bundles, and keeps count of their prompt caches over all that were loaded. Thread-safe. */
public final class PipelineLoader implements Function<Path, TextToImage> {

    private final RuntimeOptions options;
    private final Set<Counted> open = new HashSet<>();
    private long earlierHits;
    private long earlierMisses;

    public PipelineLoader(RuntimeOptions options) {
        this.options = options;
    }

    @Override
    public TextToImage apply(Path bundle) {
        Counted loaded = new Counted(TextToImagePipeline.load(bundle, options));
        synchronized (this) {
            open.add(loaded);
        }
        return loaded;
    }

    public synchronized double cacheHits() {
        return earlierHits
                + open.stream()
                        .mapToLong(model -> model.pipeline.embeddingCacheHits())
                        .sum();
    }

    public synchronized double cacheMisses() {
        return earlierMisses
                + open.stream()
                        .mapToLong(model -> model.pipeline.embeddingCacheMisses())
                        .sum();
    }

    private synchronized void remember(Counted closed) {
        if (open.remove(closed)) {
            earlierHits += closed.pipeline.embeddingCacheHits();
            earlierMisses += closed.pipeline.embeddingCacheMisses();
        }
    }

    /** A pipeline whose counts outlive it. */
    private final class Counted implements TextToImage {

        private final TextToImagePipeline pipeline;

        private Counted(TextToImagePipeline pipeline) {
            this.pipeline = pipeline;
        }

        @Override
        public ModelInfo model() {
            return pipeline.model();
        }

        @Override
        public GeneratedImage generate(ImageRequest request, ProgressListener progress, CancelToken cancel) {
            return pipeline.generate(request, progress, cancel);
        }

        @Override
        public void close() {
            remember(this);
            pipeline.close();
        }
    }
}
