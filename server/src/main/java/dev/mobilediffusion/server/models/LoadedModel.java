package dev.mobilediffusion.server.models;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.TextToImage;
import java.nio.file.attribute.FileTime;
import java.time.Duration;

/**
 * A model of the registry that is loaded. It is busy from the moment a worker takes it until its image is drawn, and only
 * unloaded when it is not.
 */
final class LoadedModel implements TextToImage {

    private final TextToImage pipeline;
    private final FileTime version;
    private final long bytes;
    private boolean busy;
    private boolean closed;
    private long idleSince = System.nanoTime();

    /**
     * @param version of the files that it was loaded from
     * @param bytes that it is expected to take
     */
    LoadedModel(TextToImage pipeline, FileTime version, long bytes) {
        this.pipeline = pipeline;
        this.version = version;
        this.bytes = bytes;
    }

    FileTime version() {
        return version;
    }

    long bytes() {
        return bytes;
    }

    /** Takes it for one image; false when it was unloaded meanwhile. */
    synchronized boolean take() {
        busy = !closed;
        return busy;
    }

    /** Unloads it, unless an image is being drawn or was drawn within {@code idle}; whether it is unloaded. */
    synchronized boolean closeIfIdle(Duration idle) {
        if (!busy && System.nanoTime() - idleSince >= idle.toNanos()) {
            close();
        }
        return closed;
    }

    @Override
    public ModelInfo model() {
        return pipeline.model();
    }

    @Override
    public GeneratedImage generate(ImageRequest request, ProgressListener progress, CancelToken cancel) {
        try {
            return pipeline.generate(request, progress, cancel);
        } finally {
            synchronized (this) {
                busy = false;
                idleSince = System.nanoTime();
            }
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            pipeline.close();
        }
    }
}
