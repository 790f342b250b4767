package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.control.ControlledUnet;
import dev.mobilediffusion.runtime.control.Controls;
import dev.mobilediffusion.runtime.control.UnetControl;
import dev.mobilediffusion.runtime.diffusion.Denoiser;
import dev.mobilediffusion.runtime.diffusion.ExtraInputs;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Which UNet draws an image: the bundle's, or a copy that follows a control image. The last copy stays, so that the many
 * images of one drawing cost the change once; of the two, one is in memory at a time. For the pipeline's thread.
 */
final class ControlSwitch implements AutoCloseable {

    private final ModelBundle bundle;
    private final Controls controls;
    private final RuntimeOptions options;
    private final int rows;
    private final int hiddenSize;
    private final Optional<UnetControl> builtIn;
    private final Denoiser plain;
    private boolean pairs;
    private Optional<Following> following = Optional.empty();

    /** A UNet that follows {@code control}, made of {@code unet}. */
    private record Following(String control, Path unet, ControlledUnet copy, Denoiser denoiser) {
        void close() {
            denoiser.close();
            copy.close();
        }
    }

    /** Loads the bundle's UNet. */
    ControlSwitch(ModelBundle bundle, int rows, int hiddenSize, RuntimeOptions options) {
        this.bundle = bundle;
        this.controls = Controls.in(bundle.folder());
        this.options = options;
        this.rows = rows;
        this.hiddenSize = hiddenSize;
        builtIn = controls.builtIn(bundle, rows, hiddenSize, options);
        try {
            ExtraInputs extras = builtIn.isPresent() ? builtIn.get() : ExtraInputs.NONE;
            plain = Denoiser.load(bundle.unetModel(), bundle.unet(), rows, hiddenSize, options, extras);
        } catch (RuntimeException failure) {
            builtIn.ifPresent(UnetControl::close);
            throw failure;
        }
    }

    /** The bundle's own. */
    Denoiser plain() {
        return plain;
    }

    /** See {@link Denoiser#allowPairs}. */
    void allowPairs() {
        pairs = true;
        plain.allowPairs();
    }

    List<String> names() {
        return controls.names();
    }

    /**
     * The UNet for an image that follows {@code wanted}.
     *
     * @param unet the file that the bundle's own reads
     */
    Denoiser apply(Optional<ControlImage> wanted, Path unet) {
        Optional<UnetControl.Lines> lines = wanted.map(controls::lines);
        builtIn.ifPresent(control -> control.begin(lines));
        if (lines.isEmpty() || !controls.areAdapters()) {
            following.ifPresent(present -> present.denoiser().letGo());
            return plain;
        }
        String control = lines.get().control();
        if (following
                .filter(present ->
                        present.control().equals(control) && present.unet().equals(unet))
                .isEmpty()) {
            letGo();
            plain.letGo();
            following = Optional.of(load(control, unet));
        }
        plain.letGo();
        following.get().copy().inputs().begin(lines);
        return following.get().denoiser();
    }

    private Following load(String control, Path unet) {
        ControlledUnet copy = ControlledUnet.of(bundle, unet, control, rows, hiddenSize, options);
        try {
            Denoiser denoiser = Denoiser.load(
                    copy.file(), bundle.unet(), rows, hiddenSize, options.withGraphsOfCopies(), copy.inputs());
            if (pairs) {
                denoiser.allowPairs();
            }
            return new Following(control, unet, copy, denoiser);
        } catch (RuntimeException failure) {
            copy.close();
            throw failure;
        }
    }

    private void letGo() {
        following.ifPresent(Following::close);
        following = Optional.empty();
    }

    @Override
    public void close() {
        letGo();
        plain.close();
        builtIn.ifPresent(UnetControl::close);
    }
}
