package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import org.junit.jupiter.api.AfterEach;

/** A pipeline of the tiny model, closed after each test. */
abstract class PipelineFixture {

    static final ImageRequest HOUSE = ImageRequest.of("a red house by the sea at sunset", 7);

    final TextToImagePipeline model = load(TinyBundle.FLOW, RuntimeOptions.defaults());

    @AfterEach
    void close() {
        model.close();
    }

    GeneratedImage draw(ImageRequest request) {
        return draw(model, request);
    }

    static GeneratedImage draw(TextToImagePipeline pipeline, ImageRequest request) {
        return pipeline.generate(request, ProgressListener.NONE, new CancelToken());
    }

    static TextToImagePipeline load(String bundle, RuntimeOptions options) {
        return TextToImagePipeline.load(TinyBundle.folder(bundle), options);
    }
}
