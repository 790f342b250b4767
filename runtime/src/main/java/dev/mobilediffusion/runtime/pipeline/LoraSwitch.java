package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.Lora;
import dev.mobilediffusion.runtime.adapter.Adapted;
import dev.mobilediffusion.runtime.adapter.LoraLibrary;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.diffusion.Denoiser;
import dev.mobilediffusion.runtime.text.PromptEmbeddings;
import dev.mobilediffusion.runtime.text.TextEncoder;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Which LoRAs the networks have in their weights. Those of the last image stay, so that a job's images, or many of one
 * style, cost the change once; one set is in memory at a time. Its files, and those of the set before where they are
 * small, stay for the next time. For the pipeline's thread.
 */
final class LoraSwitch implements AutoCloseable {

    /** The one in use, and the one before. */
    private static final int MAX_SETS = 2;

    /** On disk, or in memory where that holds the temporary folder; one set alone may be larger. */
    private static final long MAX_BYTES = 256L << 20;

    private final ModelBundle bundle;
    private final LoraLibrary library;
    private final TextEncoder textEncoder;
    private final Denoiser denoiser;
    private final PromptEmbeddings embeddings;
    private Wanted current = new Wanted(List.of(), List.of(), Optional.empty());
    private Optional<Adapted> adapted = Optional.empty();
    private final Deque<Kept> kept = new ArrayDeque<>(); // last used first

    /**
     * What networks are changed by.
     *
     * @param files of the LoRAs, with sizes and times, since a file may be replaced by another of its name
     * @param textEncoder what is read in the place of the bundle's
     */
    private record Wanted(List<Lora> loras, List<String> files, Optional<Path> textEncoder) {}

    private record Kept(Wanted wanted, Adapted copies) {}

    LoraSwitch(ModelBundle bundle, TextEncoder textEncoder, Denoiser denoiser, PromptEmbeddings embeddings) {
        this.bundle = bundle;
        this.library = LoraLibrary.beside(bundle.folder());
        this.textEncoder = textEncoder;
        this.denoiser = denoiser;
        this.embeddings = embeddings;
    }

    /**
     * Lets the networks have these LoRAs, and no others.
     *
     * @param textEncoder what is read in the place of the bundle's, LoRAs or not
     * @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_REQUEST when one is missing or does not fit; the
     *     networks then are as they were
     */
    void apply(List<Lora> wanted, Optional<Path> textEncoder) {
        Wanted key = new Wanted(wanted, wanted.stream().map(this::file).toList(), textEncoder);
        if (key.equals(current)) {
            return;
        }
        Path text = textEncoder.orElse(bundle.textEncoderModel());
        Optional<Adapted> next = wanted.isEmpty() ? Optional.empty() : Optional.of(copies(key, text));
        this.textEncoder.read(next.flatMap(Adapted::textEncoder).or(() -> textEncoder));
        denoiser.read(next.flatMap(Adapted::unet));
        embeddings.clear();
        adapted = next;
        current = key;
        while (kept.size() > 1 && (kept.size() > MAX_SETS || bytes() > MAX_BYTES)) {
            kept.removeLast().copies().close();
        }
    }

    private Adapted copies(Wanted wanted, Path text) {
        Optional<Kept> known =
                kept.stream().filter(one -> one.wanted().equals(wanted)).findFirst();
        known.ifPresent(kept::remove);
        kept.addFirst(known.orElseGet(() -> new Kept(wanted, Adapted.of(bundle, text, library, wanted.loras()))));
        return kept.getFirst().copies();
    }

    private long bytes() {
        return kept.stream().mapToLong(one -> one.copies().bytes()).sum();
    }

    private String file(Lora lora) {
        File file = library.require(lora.name()).toFile();
        return file + " " + file.length() + " " + file.lastModified();
    }

    /** The UNet's file as it is now. */
    Path unet() {
        return adapted.flatMap(Adapted::unet).orElseGet(bundle::unetModel);
    }

    @Override
    public void close() {
        kept.forEach(one -> one.copies().close());
        kept.clear();
    }
}
