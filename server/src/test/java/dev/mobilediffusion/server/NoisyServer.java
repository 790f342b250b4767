package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.generation.ImageSize;
import dev.mobilediffusion.server.models.ModelRegistry;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A server with default settings whose model draws noise of the largest size: no image's file is longer. Prints its address. */
public final class NoisyServer {

    private static final int SIDE = ImageSize.MAX_PIXELS;

    private NoisyServer() {}

    public static void main(String[] args) throws InterruptedException {
        Path folder = Path.of(args[0]);
        ServerConfig config = ConfigKeys.apply(
                ServerConfig.defaults(folder),
                Map.of(
                        "port", "0",
                        "data", folder.resolve("data").toString(),
                        "models", folder.resolve("models").toString()));
        TestServer.fakeBundle(config.models());
        ModelRegistry models = ModelRegistry.open(
                config.models(), Optional.empty(), bundle -> new Noise(), bundle -> 0, Long.MAX_VALUE);
        ImageServer server = ImageServer.start(
                config,
                models,
                new FileEncoder(true),
                EnumSet.of(ImageFormat.PNG, ImageFormat.JPEG),
                TestServer.DEVICE);
        System.out.println(server.grpcPort());
        System.out.println(server.url());
        Thread.sleep(Long.MAX_VALUE);
    }

    private static final class Noise implements TextToImage {

        private static final ModelInfo MODEL = FakePipeline.model(SIDE);

        @Override
        public ModelInfo model() {
            return MODEL;
        }

        @Override
        public GeneratedImage generate(ImageRequest request, ProgressListener progress, CancelToken cancel) {
            ImageRequest drawn = FakePipeline.filled(request);
            int steps = drawn.steps().orElseThrow();
            for (int step = 1; step <= steps; step++) {
                cancel.throwIfCancelled();
                progress.onStep(step, steps);
                if (step < steps && progress.wantsPreview(step, steps)) {
                    progress.onPreview(step, noise(drawn));
                }
            }
            return noise(drawn);
        }

        private static GeneratedImage noise(ImageRequest request) {
            byte[] rgb = new byte[SIDE * SIDE * 3];
            new Random(request.seed()).nextBytes(rgb);
            return new GeneratedImage(SIDE, SIDE, rgb, request, StageTimings.NONE, List.of());
        }

        @Override
        public void close() {}
    }
}
