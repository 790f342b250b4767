package dev.mobilediffusion.runtime.adapter;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.Lora;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.NetworkWeights;
import dev.mobilediffusion.runtime.bundle.TemporaryFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Copies of a bundle's networks with LoRAs added to their weights, in a temporary folder until closed. A copy, rather than
 * weights handed to a session, because ONNX Runtime keeps the file's values of those that it folds when it opens a network,
 * as float16 ones behind a Cast (docs/image-to-image.md).
 *
 * @param textEncoder the network's file; empty when no LoRA changes it
 * @param unet likewise
 */
public record Adapted(Path folder, Optional<Path> textEncoder, Optional<Path> unet) implements AutoCloseable {

    private static final String MODEL = "model.onnx";

    /**
     * Makes them.
     *
     * @param textEncoder the text encoder's file, the bundle's or another
     * @param library where LoRAs lie
     * @throws InferenceException with code INVALID_REQUEST when a LoRA is missing, damaged, or for another model; it names
     *     the first layer that does not fit
     */
    public static Adapted of(ModelBundle bundle, Path textEncoder, LoraLibrary library, List<Lora> loras) {
        Path folder;
        try {
            folder = Files.createTempDirectory("mobilediffusion-lora-");
        } catch (IOException full) {
            throw failure(full);
        }
        try {
            List<LoraFile> files = loras.stream()
                    .map(lora -> LoraFile.open(library.require(lora.name()), lora.name()))
                    .toList();
            boolean text = files.stream().anyMatch(file -> !file.textEncoder().isEmpty());
            boolean unet = files.stream().anyMatch(file -> !file.unet().isEmpty());
            Optional<Path> textCopy = text ? Optional.of(copy(textEncoder, folder)) : Optional.empty();
            Optional<Path> unetCopy = unet ? Optional.of(copy(bundle.unetModel(), folder)) : Optional.empty();
            if (textCopy.isPresent()) {
                apply(textCopy.get(), files, loras, false, bundle);
            }
            if (unetCopy.isPresent()) {
                apply(unetCopy.get(), files, loras, true, bundle);
            }
            return new Adapted(folder, textCopy, unetCopy);
        } catch (IOException full) {
            TemporaryFolder.remove(folder);
            throw failure(full);
        } catch (UncheckedIOException full) {
            TemporaryFolder.remove(folder);
            throw failure(full.getCause());
        } catch (RuntimeException refused) {
            TemporaryFolder.remove(folder);
            throw refused;
        }
    }

    /** The network's folder, with every file of its weights. */
    private static Path copy(Path model, Path into) throws IOException {
        Path source = model.getParent();
        Path target = Files.createTempDirectory(into, "network-");
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copied = Files.copy(file, target.resolve(file.getFileName().toString()));
                if (!copied.toFile().setWritable(true, true)) {
                    throw new IOException(copied + " cannot be made writable");
                }
            }
        }
        return target.resolve(MODEL);
    }

    private static void apply(Path model, List<LoraFile> files, List<Lora> loras, boolean unet, ModelBundle bundle)
            throws IOException {
        NetworkWeights weights = NetworkWeights.open(model);
        GraphLayers others = GraphLayers.open(model);
        for (int i = 0; i < files.size(); i++) {
            LoraFile file = files.get(i);
            double weight = loras.get(i).weight();
            Map<String, LoraFile.Layer> layers = unet ? file.unet() : file.textEncoder();
            layers.forEach((name, layer) -> {
                Optional<NetworkWeights.Layer> found = weights.layer(name);
                if (found.isPresent()) {
                    requireFit(
                            file,
                            bundle,
                            name,
                            layer,
                            found.get().out(),
                            found.get().in());
                    weights.add(found.get(), layer.delta(weight));
                } else {
                    GraphLayers.Layer other = others.layer(name)
                            .orElseThrow(() -> unfit(file, bundle, weights.size() + others.size(), name));
                    requireFit(file, bundle, name, layer, other.out(), other.in());
                    others.add(other, () -> layer.delta(weight));
                }
            });
        }
        Path changed = model.resolveSibling("changed.onnx");
        if (others.write(changed)) { // which reads what was added to the other weights
            Files.move(changed, model, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void requireFit(
            LoraFile file, ModelBundle bundle, String name, LoraFile.Layer layer, int out, int in) {
        if (in != layer.in() || out != layer.out()) {
            throw InferenceException.invalid(
                    "loras",
                    "the LoRA %s is not for %s: its layer %s has %d x %d weights, the model's %d x %d",
                    file.name(),
                    bundle.name(),
                    name,
                    layer.out(),
                    layer.in(),
                    out,
                    in);
        }
    }

    private static InferenceException unfit(LoraFile file, ModelBundle bundle, int known, String layer) {
        return InferenceException.invalid(
                "loras",
                "%s",
                known == 0
                        ? "%s takes no LoRA: its export left out the layers' names".formatted(bundle.name())
                        : "the LoRA %s is not for %s, which has no layer %s with weights of its own"
                                .formatted(file.name(), bundle.name(), layer));
    }

    private static InferenceException failure(IOException cause) {
        return new InferenceException(
                InferenceException.Code.INFERENCE_FAILED,
                "a copy of the model for its LoRA could not be written: " + cause,
                cause);
    }

    /** Of all its files. */
    public long bytes() {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        } catch (IOException gone) {
            return 0;
        }
    }

    @Override
    public void close() {
        TemporaryFolder.remove(folder);
    }
}
