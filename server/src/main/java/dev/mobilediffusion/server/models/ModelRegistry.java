package dev.mobilediffusion.server.models;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.adapter.LoraLibrary;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import dev.mobilediffusion.runtime.control.Controls;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;

/**
 * The bundles in a folder, as many of them loaded as the memory allows. A job that names another one has it loaded on the
 * worker's thread, in the place of those that were used least lately; one whose files were replaced is loaded anew. What
 * can never fit is refused when it is asked for.
 */
public final class ModelRegistry implements ModelCatalog, Pipelines, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(ModelRegistry.class.getName());

    private final ModelLibrary library;
    private final String defaultName;
    private final Function<Path, TextToImage> loader;
    private final ToLongFunction<Path> need;
    private final long budget;
    private volatile Optional<ModelInfo> defaultModel = Optional.empty();
    private volatile UnaryOperator<ModelInfo> description = UnaryOperator.identity();
    private final Map<String, LoadedModel> loaded = new LinkedHashMap<>(16, 0.75f, true); // least lately used first
    private final Map<String, ModelInfo> infos = new ConcurrentHashMap<>(); // of those in loaded
    private final Map<String, ModelInfo> seen = new ConcurrentHashMap<>(); // of those that ever were

    private ModelRegistry(
            ModelLibrary library,
            String defaultName,
            Function<Path, TextToImage> loader,
            ToLongFunction<Path> need,
            long budget) {
        this.library = library;
        this.defaultName = defaultName;
        this.loader = loader;
        this.need = need;
        this.budget = budget;
    }

    /**
     * @param need bytes that a bundle's model takes when it is loaded
     * @param budget bytes that all loaded ones may take together
     * @throws InferenceException when {@code folder} has no bundle, or not the one that {@code wanted} names
     */
    public static ModelRegistry open(
            Path folder,
            Optional<String> wanted,
            Function<Path, TextToImage> loader,
            ToLongFunction<Path> need,
            long budget) {
        ModelLibrary library = new ModelLibrary(folder);
        return new ModelRegistry(library, library.choose(wanted), loader, need, budget);
    }

    /** Has models tell of what they were taught, too. */
    public void tellOf(ModelConcepts concepts) {
        description = concepts::described;
    }

    /** Loads the default model; how long that took. To be called before the worker starts. */
    public Duration loadDefault() {
        long begin = System.nanoTime();
        defaultModel = Optional.of(pipeline(defaultName).model());
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    @Override
    public void requireEncoder(String model) {
        if (!Files.isRegularFile(library.model(model).resolve("vae_encoder").resolve("model.onnx"))) {
            throw ApiException.invalid(
                    "image",
                    "the model %s draws from words alone: it has no vae_encoder/ to read a picture with",
                    model);
        }
    }

    @Override
    public void requireControl(String model, Optional<String> name) {
        try {
            Controls.in(library.model(model)).require(name);
        } catch (InferenceException refused) {
            throw ApiException.of(refused);
        }
    }

    @Override
    public List<String> controls(String model) {
        try {
            return Controls.in(library.model(model)).names();
        } catch (InferenceException broken) {
            LOG.log(System.Logger.Level.DEBUG, "model {0} will fail to load", model);
            return List.of();
        }
    }

    @Override
    public List<String> loras() {
        return LoraLibrary.in(library.folder()).names();
    }

    @Override
    public synchronized TextToImage pipeline(String model) {
        Path bundle = library.model(model);
        LoadedModel known = loaded.get(model);
        if (known != null && isCurrent(known, bundle) && known.take()) {
            return known;
        }
        unload(model);
        long bytes = requireRoom(model, bundle);
        makeRoom(bytes);
        LOG.log(System.Logger.Level.INFO, "loading model {0}", model);
        LoadedModel fresh = new LoadedModel(loader.apply(bundle), version(bundle), bytes);
        loaded.put(model, fresh);
        infos.put(model, fresh.model());
        seen.put(model, fresh.model());
        fresh.take();
        return fresh;
    }

    @Override
    public void requireRoom(String model) {
        if (infos.containsKey(model)) {
            return;
        }
        try {
            requireRoom(model, library.model(model));
        } catch (InferenceException broken) {
            LOG.log(System.Logger.Level.DEBUG, "model {0} will fail to load", model);
        }
    }

    @Override
    public ModelInfo defaultModel() {
        return defaultModel
                .map(description)
                .orElseThrow(() -> ApiException.retry(
                        ErrorCode.NOT_READY, "the model is still being loaded", Duration.ofSeconds(5)));
    }

    @Override
    public List<Entry> all() {
        List<String> names = new ArrayList<>(library.names());
        names.remove(defaultName);
        names.addFirst(defaultName);
        return names.stream().map(this::entry).toList();
    }

    @Override
    public Optional<ModelInfo> info(String name) {
        return Optional.ofNullable(seen.get(name)).map(description);
    }

    /** Unloads the models other than the default one that have drawn nothing for {@code idle}. */
    synchronized void unloadIdle(Duration idle) {
        Iterator<Map.Entry<String, LoadedModel>> entries = loaded.entrySet().iterator();
        while (entries.hasNext()) {
            Map.Entry<String, LoadedModel> entry = entries.next();
            if (!entry.getKey().equals(defaultName) && entry.getValue().closeIfIdle(idle)) {
                LOG.log(System.Logger.Level.INFO, "model {0} was unloaded: nobody asked for it", entry.getKey());
                infos.remove(entry.getKey());
                entries.remove();
            }
        }
    }

    @Override
    public synchronized void close() {
        List.copyOf(loaded.keySet()).forEach(this::unload);
    }

    private void unload(String model) {
        LoadedModel known = loaded.remove(model);
        if (known != null) {
            infos.remove(model);
            known.close();
        }
    }

    private void makeRoom(long bytes) {
        while (!loaded.isEmpty()
                && loaded.values().stream().mapToLong(LoadedModel::bytes).sum() > budget - bytes) {
            unload(loaded.keySet().iterator().next());
        }
    }

    /** @return bytes that the model takes */
    private long requireRoom(String model, Path bundle) {
        long bytes = need.applyAsLong(bundle);
        if (bytes > budget) {
            throw ApiException.of(
                    ErrorCode.MODEL_TOO_LARGE,
                    "model",
                    "model %s needs about %s MB of memory; model-memory-bytes lets models take %s MB"
                            .formatted(model, bytes / 1_000_000, budget / 1_000_000));
        }
        return bytes;
    }

    private Entry entry(String name) {
        return new Entry(
                name,
                created(library.model(name)),
                Optional.ofNullable(infos.get(name)).map(description));
    }

    /** A model whose files are gone, perhaps for new ones to come, goes on drawing. */
    private static boolean isCurrent(LoadedModel known, Path bundle) {
        return !Files.exists(bundle) || known.version().equals(version(bundle));
    }

    private static Instant created(Path bundle) {
        return version(bundle).toInstant();
    }

    /** When the bundle's folder or its list of parts was written: an installation makes both anew. */
    private static FileTime version(Path bundle) {
        try {
            return Files.getLastModifiedTime(bundle.resolve("model_index.json"));
        } catch (IOException e) {
            return FileTime.from(Instant.EPOCH);
        }
    }
}
