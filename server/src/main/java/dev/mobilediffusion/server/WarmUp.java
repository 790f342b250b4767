package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.queue.DrawCost;
import dev.mobilediffusion.server.worker.ImageEncoder;

/** The first run allocates, warms caches and has loops compiled; a client should not wait for that. */
final class WarmUp {

    private static final int FILES = 10;

    private WarmUp() {}

    /** @return what it took, which tells how long the first client's image will take */
    static DrawCost run(TextToImage pipeline, ImageEncoder encoder) {
        GeneratedImage image =
                pipeline.generate(ImageRequest.of("warm", 0).withSteps(1), ProgressListener.NONE, new CancelToken());
        for (int i = 0; i < FILES; i++) {
            encoder.encode(image, pipeline.model(), ImageFormat.PNG, 100, true);
        }
        return DrawCost.of(pipeline.model(), image, image.timings().total());
    }
}
