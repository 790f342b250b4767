package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.Lora;
import dev.mobilediffusion.runtime.adapter.Adapted;
import dev.mobilediffusion.runtime.adapter.LoraLibrary;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.diffusion.Denoiser;
import dev.mobilediffusion.runtime.text.PromptEmbeddings;
import dev.mobilediffusion.runtime.text.TextEncoder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Which LoRAs the networks have in their weights. Those of the last image stay, so that a job's images, or many of one
 * style, cost the change once; one set is in memory at a time. For the pipeline's thread.
 */
final class LoraSwitch implements AutoCloseable {

    private final ModelBundle bundle;
    private final LoraLibrary library;
    private final TextEncoder textEncoder;
    private final Denoiser denoiser;
    private final PromptEmbeddings embeddings;
    private List<Lora> current = List.of();
    private Optional<Path> taught = Optional.empty();
    private Optional<Adapted> adapted = Optional.empty();

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
        if (wanted.equals(current) && textEncoder.equals(taught)) {
            return;
        }
        Path text = textEncoder.orElse(bundle.textEncoderModel());
        Optional<Adapted> next =
                wanted.isEmpty() ? Optional.empty() : Optional.of(Adapted.of(bundle, text, library, wanted));
        this.textEncoder.read(next.flatMap(Adapted::textEncoder).or(() -> textEncoder));
        denoiser.read(next.flatMap(Adapted::unet));
        embeddings.clear();
        adapted.ifPresent(Adapted::close);
        adapted = next;
        current = wanted;
        taught = textEncoder;
    }

    /** The UNet's file as it is now. */
    Path unet() {
        return adapted.flatMap(Adapted::unet).orElseGet(bundle::unetModel);
    }

    @Override
    public void close() {
        adapted.ifPresent(Adapted::close);
    }
}
