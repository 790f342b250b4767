package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.image.VaeDecoder;
import dev.mobilediffusion.runtime.safety.SafetyChecker;
import java.util.Optional;

/** Latents to pixels that may be shown: black where the bundle's safety checker flags them. For one thread at a time. */
final class CheckedDecoder implements AutoCloseable {

    private final VaeDecoder decoder;
    private final Optional<SafetyChecker> checker;

    private CheckedDecoder(VaeDecoder decoder, Optional<SafetyChecker> checker) {
        this.decoder = decoder;
        this.checker = checker;
    }

    static CheckedDecoder load(ModelBundle bundle, RuntimeOptions options) {
        VaeDecoder decoder = VaeDecoder.load(bundle, options);
        try {
            return new CheckedDecoder(decoder, SafetyChecker.load(bundle, options));
        } catch (RuntimeException failure) {
            decoder.close();
            throw failure;
        }
    }

    /**
     * @param latents (C, H/f, W/f) as the denoise loop leaves them
     * @param onFlagged told when the image is one that must not be shown, and so is black
     * @return (H, W, 3) bytes in [0, 255], row by row; the caller's own
     */
    byte[] decode(float[] latents, Runnable onFlagged, CancelToken cancel) {
        byte[] rgb = decoder.decode(latents, cancel);
        if (checker.isPresent() && checker.get().flags(rgb, cancel)) {
            onFlagged.run();
            return new byte[rgb.length];
        }
        return rgb;
    }

    @Override
    public void close() {
        checker.ifPresent(SafetyChecker::close);
        decoder.close();
    }
}
