package dev.mobilediffusion.server.models;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.adapter.LoraLibrary;
import dev.mobilediffusion.runtime.adapter.LoraSummary;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The LoRAs beside the models, and which models each fits. That is tried on a copy of the model's weights, once for each
 * state of both files. Thread-safe; one at a time looks.
 */
public final class ModelLoras {

    private final ModelLibrary models;
    private final LoraLibrary loras;
    private Map<Pair, Boolean> known = new HashMap<>();

    /** A LoRA and a model as they were when they were tried. */
    private record Pair(String lora, long bytes, FileTime written, String model, FileTime modelWritten) {}

    /**
     * A LoRA.
     *
     * @param bytes of its file
     * @param summary what it changes; empty where the file cannot be used
     * @param fault why not, a sentence; empty where it can
     * @param fits names of the models that it fits, sorted
     */
    public record Entry(String name, long bytes, Optional<LoraSummary> summary, String fault, List<String> fits) {}

    /** @param folder of the models */
    public ModelLoras(Path folder) {
        this.models = new ModelLibrary(folder);
        this.loras = LoraLibrary.in(folder);
    }

    /** All there are, sorted by name. */
    public synchronized List<Entry> all() {
        Map<Pair, Boolean> tried = new HashMap<>();
        List<ModelBundle> bundles = bundles();
        List<Entry> entries = new ArrayList<>();
        for (String name : loras.names()) {
            entry(name, bundles, tried).ifPresent(entries::add);
        }
        known = tried; // what was taken away is forgotten
        return entries;
    }

    private Optional<Entry> entry(String name, List<ModelBundle> bundles, Map<Pair, Boolean> tried) {
        Path file = loras.file(name);
        try {
            long bytes = Files.size(file);
            FileTime written = Files.getLastModifiedTime(file);
            try {
                LoraSummary summary = LoraSummary.of(file, name);
                List<String> fits = new ArrayList<>();
                for (ModelBundle bundle : bundles) {
                    Pair pair = new Pair(name, bytes, written, bundle.name(), written(bundle.name()));
                    Boolean before = known.get(pair);
                    boolean fit = before == null ? isFit(name, bundle) : before;
                    tried.put(pair, fit);
                    if (fit) {
                        fits.add(bundle.name());
                    }
                }
                return Optional.of(new Entry(name, bytes, Optional.of(summary), "", fits));
            } catch (InferenceException broken) {
                return Optional.of(new Entry(name, bytes, Optional.empty(), broken.getMessage(), List.of()));
            }
        } catch (IOException gone) {
            return Optional.empty(); // taken away meanwhile
        }
    }

    private FileTime written(String model) throws IOException {
        return Files.getLastModifiedTime(models.model(model).resolve("unet").resolve("model.onnx"));
    }

    private List<ModelBundle> bundles() {
        List<ModelBundle> bundles = new ArrayList<>();
        for (String name : models.names()) {
            try {
                bundles.add(ModelBundle.open(models.model(name)));
            } catch (InferenceException broken) {
                // nothing fits it; GET /v1/models says what is wrong when it is asked for
            }
        }
        return bundles;
    }

    private boolean isFit(String name, ModelBundle bundle) {
        try {
            LoraSummary.requireFit(loras, name, bundle);
            return true;
        } catch (InferenceException unfit) {
            return false;
        }
    }
}
