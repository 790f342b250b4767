package dev.mobilediffusion.server.models;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.TextToImage;

/** Where a worker gets its pipelines. Called on the worker's thread alone. */
@FunctionalInterface
public interface Pipelines {

    /**
     * The loaded pipeline of {@code model}, loading it first where needed.
     *
     * @throws InferenceException with code INVALID_BUNDLE when it cannot be loaded
     */
    TextToImage pipeline(String model);
}
