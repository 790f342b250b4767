package dev.mobilediffusion.server.models;

import dev.mobilediffusion.runtime.ModelInfo;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The models that requests may name. Thread-safe. */
public interface ModelCatalog {

    /** The one that draws when a request names none, or one that nobody knows. */
    ModelInfo defaultModel();

    /** All that can be drawn with, the default one first. */
    List<Entry> all();

    /**
     * Does nothing when the model can be loaded.
     *
     * @throws dev.mobilediffusion.server.error.ApiException when there can never be enough memory for it
     */
    default void requireRoom(String model) {}

    /**
     * Does nothing when the model can draw an image anew.
     *
     * @throws dev.mobilediffusion.server.error.ApiException when it draws from words alone
     */
    default void requireEncoder(String model) {}

    /**
     * Does nothing when the model follows control images.
     *
     * @param name of the control network; empty for the model's only one
     * @throws dev.mobilediffusion.runtime.InferenceException when it has no such one, or none
     */
    default void requireControl(String model, Optional<String> name) {}

    /** Names of the control networks that a model has, sorted. */
    default List<String> controls(String model) {
        return List.of();
    }

    /** Names of the LoRAs that requests may name, sorted. */
    default List<String> loras() {
        return List.of();
    }

    default Optional<Entry> find(String name) {
        return all().stream().filter(entry -> entry.name().equals(name)).findFirst();
    }

    /** What a model said of itself when it was last loaded; empty when it has not been loaded yet. */
    default Optional<ModelInfo> info(String name) {
        return find(name).flatMap(Entry::loaded);
    }

    /**
     * A model on disk.
     *
     * @param name the bundle's folder name
     * @param created when its files were written
     * @param loaded what the loaded model says of itself; empty while it is only on disk
     */
    record Entry(String name, Instant created, Optional<ModelInfo> loaded) {}
}
