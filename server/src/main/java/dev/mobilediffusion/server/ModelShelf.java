package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Models;
import dev.mobilediffusion.server.job.Pipelines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The bundles in a folder, one of them loaded: a small board has memory for one. A job that names another one has it
 * loaded in its place, on the worker's thread.
 */
final class ModelShelf implements Models, Pipelines, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(ModelShelf.class.getName());

    private final ModelLibrary library;
    private final String defaultName;
    private final Function<Path, TextToImage> loader;
    private volatile Optional<ModelInfo> defaultModel = Optional.empty();
    private volatile Optional<ModelInfo> loadedModel = Optional.empty();
    private TextToImage loaded; // the worker's, once it runs

    private ModelShelf(ModelLibrary library, String defaultName, Function<Path, TextToImage> loader) {
        this.library = library;
        this.defaultName = defaultName;
        this.loader = loader;
    }

    /** @throws InferenceException when {@code folder} has no bundle, or not the one that {@code wanted} names */
    static ModelShelf open(Path folder, Optional<String> wanted, Function<Path, TextToImage> loader) {
        ModelLibrary library = new ModelLibrary(folder);
        return new ModelShelf(library, library.choose(wanted), loader);
    }

    /** Loads the default model; how long that took. To be called before the worker starts. */
    Duration loadDefault() {
        long begin = System.nanoTime();
        defaultModel = Optional.of(pipeline(defaultName).model());
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    @Override
    public TextToImage pipeline(String model) {
        if (loadedModel.isPresent() && loadedModel.get().name().equals(model)) {
            return loaded;
        }
        close(); // before loading, since there is memory for one
        LOG.log(System.Logger.Level.INFO, "loading model {0}", model);
        loaded = loader.apply(library.model(model));
        loadedModel = Optional.of(loaded.model());
        return loaded;
    }

    @Override
    public ModelInfo defaultModel() {
        return defaultModel.orElseThrow(() ->
                ApiException.retry(ErrorCode.NOT_READY, "the model is still being loaded", Duration.ofSeconds(5)));
    }

    @Override
    public List<Entry> all() {
        List<String> names = new ArrayList<>(library.names());
        names.remove(defaultName);
        names.addFirst(defaultName);
        return names.stream().map(this::entry).toList();
    }

    @Override
    public void close() {
        if (loadedModel.isPresent()) {
            loadedModel = Optional.empty();
            loaded.close();
        }
    }

    private Entry entry(String name) {
        Optional<ModelInfo> info = loadedModel.filter(model -> model.name().equals(name));
        return new Entry(name, created(library.model(name)), info);
    }

    private static Instant created(Path bundle) {
        try {
            return Files.getLastModifiedTime(bundle).toInstant();
        } catch (IOException e) {
            return Instant.EPOCH;
        }
    }
}
