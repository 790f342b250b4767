package dev.mobilediffusion.runtime;

/**
 * A loaded model that draws one image per call.
 *
 * <p>An instance owns native memory and scratch buffers, so it draws one image at a time: callers use it from a
 * single worker thread (a platform thread, because native calls pin a virtual thread's carrier).
 */
public interface TextToImage extends AutoCloseable {

    /** What this model is, can do, and does when a request leaves something out. */
    ModelInfo model();

    /**
     * Draws the image that {@code request} describes.
     *
     * @param progress told of each stage and step, on the calling thread
     * @param cancel ends the call early, also inside a stage
     * @return the image; equal requests give equal pixels on one machine
     * @throws InferenceException with code {@link InferenceException.Code#CANCELLED} when {@code cancel} fired, {@link
     *     InferenceException.Code#INVALID_REQUEST} when the model cannot serve the request's values, and {@link
     *     InferenceException.Code#INFERENCE_FAILED} when the model failed
     */
    GeneratedImage generate(ImageRequest request, ProgressListener progress, CancelToken cancel);

    /** Frees the native memory. Safe to call twice; never while {@link #generate} runs. */
    @Override
    void close();
}
