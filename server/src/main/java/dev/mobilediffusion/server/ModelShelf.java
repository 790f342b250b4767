package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.TextToImage;
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
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The bundles in a folder, one of them loaded: a small board has memory for one. A job that names another one has it
 * loaded in its place, on the worker's thread.
 */
final class ModelShelf implements Models, Pipelines, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(ModelShelf.class.getName());
    private static final String USUAL = "pocket";
    private static final String MARK = "model_index.json";

    private final Path folder;
    private final String defaultName;
    private final Function<Path, TextToImage> loader;
    private volatile Optional<ModelInfo> defaultModel = Optional.empty();
    private volatile Optional<ModelInfo> loadedModel = Optional.empty();
    private TextToImage loaded; // the worker's, once it runs

    private ModelShelf(Path folder, String defaultName, Function<Path, TextToImage> loader) {
        this.folder = folder;
        this.defaultName = defaultName;
        this.loader = loader;
    }

    /** @throws IllegalArgumentException when {@code folder} has no bundle, or not the one that {@code wanted} names */
    static ModelShelf open(Path folder, Optional<String> wanted, Function<Path, TextToImage> loader) {
        List<String> names = names(folder);
        if (names.isEmpty()) {
            throw new IllegalArgumentException("there is no model in " + folder.toAbsolutePath());
        }
        String usual = names.contains(USUAL) ? USUAL : names.getFirst();
        String name = wanted.orElse(usual);
        if (!names.contains(name)) {
            throw new IllegalArgumentException("there is no model \"%s\" in %s, only %s"
                    .formatted(name, folder.toAbsolutePath(), String.join(", ", names)));
        }
        return new ModelShelf(folder, name, loader);
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
        loaded = loader.apply(folder.resolve(model));
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
        List<String> names = new ArrayList<>(names(folder));
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
        return new Entry(name, created(folder.resolve(name).resolve(MARK)), info);
    }

    private static Instant created(Path file) {
        try {
            return Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
            return Instant.EPOCH;
        }
    }

    private static List<String> names(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> bundles = Files.list(folder)) {
            return bundles.filter(bundle -> Files.isRegularFile(bundle.resolve(MARK)))
                    .map(bundle -> bundle.getFileName().toString())
                    .sorted(Comparator.naturalOrder())
                    .toList();
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot read the models folder " + folder.toAbsolutePath(), e);
        }
    }
}
