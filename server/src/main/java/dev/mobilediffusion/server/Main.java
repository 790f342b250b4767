package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.image.ImageCodec;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.runtime.image.Infotext;
import dev.mobilediffusion.server.job.FolderInUseException;
import dev.mobilediffusion.server.job.PictureFormat;
import dev.mobilediffusion.server.job.UnknownSchemaException;
import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/** A server with the real model in it, from start to SIGTERM. */
public final class Main {

    private Main() {}

    /**
     * Serves until the process is told to stop, and then ends it with exit code 0.
     *
     * @param out where the line goes that says where the server listens
     * @throws StartupException when the server cannot start
     */
    public static void serve(ServerConfig config, PrintWriter out) {
        ServerLogManager.install();
        PipelineLoader loader = new PipelineLoader(RuntimeOptions.defaults());
        ImageServer server = start(config, loader);
        server.metrics().watchEmbeddingCache(loader::cacheHits, loader::cacheMisses);
        StopSignal.whenTold(() -> stop(server));
        out.printf(
                Locale.ROOT,
                "listening at %s, model %s loaded in %.1f s%n",
                server.url(),
                server.model(),
                server.loadTime().toMillis() / 1e3);
        out.flush();
        awaitForEver();
    }

    private static ImageServer start(ServerConfig config, PipelineLoader loader) {
        try {
            ModelShelf models = ModelShelf.open(config.models(), config.model(), loader);
            return ImageServer.start(config, models, Main::encode, formats());
        } catch (IllegalArgumentException
                | IllegalStateException
                | FolderInUseException
                | UnknownSchemaException
                | InferenceException e) {
            throw new StartupException(e.getMessage(), e);
        }
    }

    private static byte[] encode(GeneratedImage image, ModelInfo model, PictureFormat format, int quality) {
        return ImageCodec.encode(image, written(format), Math.max(1, quality), Infotext.of(image, model));
    }

    /** WebP needs a native library, which not every machine has. */
    private static Set<PictureFormat> formats() {
        Set<PictureFormat> formats = EnumSet.allOf(PictureFormat.class);
        formats.removeIf(format -> !written(format).isAvailable());
        return formats;
    }

    private static ImageFormat written(PictureFormat format) {
        return switch (format) {
            case PNG -> ImageFormat.PNG;
            case JPEG -> ImageFormat.JPEG;
            case WEBP -> ImageFormat.WEBP;
        };
    }

    /** The JVM would end with 143 after a SIGTERM; having done all that was asked, this is a success. */
    private static void stop(ImageServer server) {
        server.close();
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void awaitForEver() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
