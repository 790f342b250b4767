package dev.mobilediffusion.server.models;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import dev.mobilediffusion.runtime.concept.Concept;
import dev.mobilediffusion.runtime.concept.Concepts;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The things that people taught this server's models: added, listed and forgotten, and told of in what a model says of
 * itself. A loaded model looks for them before each image. Thread-safe.
 */
public final class ModelConcepts {

    /** The group under which models list them. */
    public static final String GROUP = "taught here";

    private static final System.Logger LOG = System.getLogger(ModelConcepts.class.getName());

    private final ModelLibrary library;
    private final Path folder;
    private final RuntimeOptions options;
    private final ReentrantLock teaching = new ReentrantLock();

    /**
     * @param models the folder of the bundles
     * @param folder of the things
     * @param options how a picture is encoded
     */
    public ModelConcepts(Path models, Path folder, RuntimeOptions options) {
        this.library = new ModelLibrary(models);
        this.folder = folder;
        this.options = options.withMemory(RuntimeOptions.MemoryProfile.SMALL);
    }

    /** In the order in which they were taught. */
    public List<Concept> list(String model) {
        requireModel(model);
        return guarded(() -> Concepts.of(folder, model));
    }

    /**
     * Teaches a model a thing; one after the other, since each opens a network.
     *
     * @param others what it is called besides
     * @param image a PNG, JPEG or WebP file
     * @throws ApiException about the names, the picture or the model
     */
    public Concepts.Taught add(String model, String name, List<String> others, byte[] image) {
        requireModel(model);
        return guarded(() -> {
            ImageFileReader.Read picture = ImageFileReader.read(image, "image");
            teaching.lock();
            try {
                return new Concepts(ModelBundle.open(library.model(model)), folder, options).add(name, others, picture);
            } finally {
                teaching.unlock();
            }
        });
    }

    /** @throws ApiException when there is no such thing */
    public void remove(String model, String name) {
        requireModel(model);
        if (!guarded(() -> Concepts.remove(folder, model, name))) {
            throw missing(model);
        }
    }

    /**
     * A thing's picture, a PNG file with alpha.
     *
     * @throws ApiException when there is no such thing
     */
    public Path picture(String model, String name) {
        requireModel(model);
        return guarded(() -> Concepts.picture(folder, model, name)).orElseThrow(() -> missing(model));
    }

    private static ApiException missing(String model) {
        return ApiException.of(
                ErrorCode.NOT_FOUND,
                "name",
                "%s was taught no such thing; GET /v1/models/%s/concepts lists them".formatted(model, model));
    }

    private void requireModel(String model) {
        if (!library.names().contains(model)) {
            throw ApiException.of(
                    ErrorCode.MODEL_NOT_FOUND, "model", "there is no such model; GET /v1/models lists them");
        }
    }

    /** What a model says of itself, with what it was taught here. */
    ModelInfo described(ModelInfo model) {
        List<Concept> concepts;
        try {
            concepts = Concepts.of(folder, model.name());
        } catch (InferenceException unreadable) {
            LOG.log(System.Logger.Level.WARNING, unreadable.getMessage());
            return model;
        }
        if (concepts.isEmpty() || model.groups().isEmpty()) {
            return model;
        }
        TreeSet<String> words = new TreeSet<>(model.knownWords());
        Map<String, List<String>> groups = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        for (Concept concept : concepts) {
            names.addAll(concept.names());
            words.addAll(concept.spellings());
        }
        groups.put(GROUP, names);
        groups.putAll(model.groups());
        return model.withThings(List.copyOf(words), groups);
    }

    private static <T> T guarded(java.util.function.Supplier<T> work) {
        try {
            return work.get();
        } catch (InferenceException refused) {
            if (refused.code() == InferenceException.Code.INFERENCE_FAILED) { // of the folder, or of the encoder
                LOG.log(System.Logger.Level.WARNING, refused.getMessage(), refused);
                throw ApiException.of(
                        ErrorCode.STORAGE_UNAVAILABLE, "the thing cannot be kept or read; the server's log says why");
            }
            throw ApiException.of(refused);
        }
    }
}
