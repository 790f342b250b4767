package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;
import dev.mobilediffusion.runtime.diffusion.Guidance;
import dev.mobilediffusion.runtime.image.VaeEncoder;
import dev.mobilediffusion.runtime.scheduler.Scheduler;
import dev.mobilediffusion.runtime.scheduler.Walk;
import java.util.Arrays;
import java.util.Optional;

/**
 * From seeded noise, or an image with as much noise as its strength says, to the latents of an image. Owns scratch
 * buffers, and the VAE's encoder once the first image came; for one thread at a time.
 */
final class DenoiseLoop implements AutoCloseable {

    /** Shows what the model sees so far, (C, H/f, W/f) latents, after a step. */
    interface Previewer {
        void show(int step, float[] original);
    }

    private final ModelBundle bundle;
    private final RuntimeOptions options;
    private final Guidance guidance;
    private final float[] latents; // (C, H/f, W/f), the sample
    private final float[] scaled; // (C, H/f, W/f), what the UNet sees of it
    private final float[] prediction; // (C, H/f, W/f)
    private Optional<VaeEncoder> encoder = Optional.empty();

    DenoiseLoop(ModelBundle bundle, RuntimeOptions options, Guidance guidance) {
        this.bundle = bundle;
        this.options = options;
        this.guidance = guidance;
        latents = new float[guidance.sampleSize()];
        scaled = new float[latents.length];
        prediction = new float[latents.length];
    }

    /**
     * Walks all steps.
     *
     * @param request with every default filled in
     * @return (C, H/f, W/f) latents, finite; overwritten by the next walk
     */
    float[] run(ImageRequest request, ProgressListener progress, Previewer previewer, CancelToken cancel) {
        GaussianNoise noise = GaussianNoise.seeded(request.seed());
        Walk walk = walk(request);
        Scheduler scheduler = walk.scheduler();
        Optional<Held> held = request.source().map(source -> begin(source, walk, noise, cancel));
        if (held.isEmpty()) {
            noise.fill(latents);
            scale(latents, scheduler.initNoiseSigma());
            if (bundle.unet().inpaints()) {
                guidance.inpaint(beside(nothing(), everywhere(), noise, cancel));
            }
        }
        float[] timesteps = scheduler.timesteps();
        for (int call = walk.firstCall(); call < timesteps.length; call++) {
            cancel.throwIfCancelled();
            scheduler.scaleModelInput(call, latents, scaled);
            guidance.predict(scaled, timesteps[call], prediction, cancel);
            int step = call + 1 - walk.firstCall();
            boolean preview = step < walk.calls() && progress.wantsPreview(step, walk.calls());
            if (preview) {
                scheduler.predictOriginal(call, prediction, latents, scaled); // which is free until the next step
            }
            scheduler.step(call, prediction, latents, noise);
            if (held.isPresent()) {
                held.get().restore(scheduler, call + 1, latents);
            }
            progress.onStep(step, walk.calls());
            if (preview) {
                previewer.show(step, scaled);
            }
        }
        guidance.rest();
        requireFinite(latents);
        return latents;
    }

    private Walk walk(ImageRequest request) {
        int steps = request.steps().orElseThrow();
        return request.source()
                .map(source -> Walk.from(bundle.scheduler(), steps, source.strength(), guidance.isAnInput()))
                .orElseGet(() -> Walk.whole(bundle.scheduler(), steps));
    }

    /**
     * What a masked image holds on to.
     *
     * @param original (C, H/f, W/f) latents of the image
     * @param noise (C, H/f, W/f), that the walk began with
     * @param mask (C, H/f, W/f), whether drawn anew; empty when all is
     */
    private record Held(float[] original, float[] noise, boolean[] mask) {

        /** Puts the image, as noisy as it is before {@code call}, where nothing is drawn anew. */
        void restore(Scheduler scheduler, int call, float[] latents) {
            if (mask.length == 0) {
                return;
            }
            float[] level = original;
            if (call < scheduler.timesteps().length) {
                level = new float[original.length];
                scheduler.addNoise(call, original, noise, level);
            }
            for (int i = 0; i < latents.length; i++) {
                latents[i] = mask[i] ? latents[i] : level[i];
            }
        }
    }

    /** Fills the latents with the image's, noised; draws from the generator in diffusers' order. */
    private Held begin(SourceImage source, Walk walk, GaussianNoise noise, CancelToken cancel) {
        boolean inpaints = bundle.unet().inpaints();
        boolean fromNoise = source.strength() == 1 && walk.calls() > 0 && (source.isMasked() || inpaints);
        // Which diffusers then does not encode, so the generator must not draw for it either
        boolean unseen = fromNoise && inpaints;
        float[] original = unseen ? new float[latents.length] : encoder().encode(source.image(), noise::next, cancel);
        float[] first = new float[latents.length];
        noise.fill(first);
        boolean[] mask = source.isMasked() ? latentMask(source.mask()) : new boolean[0];
        for (int i = 0; i < mask.length; i++) {
            if (mask[i] && source.content() != SourceImage.MaskContent.ORIGINAL) {
                original[i] = source.content() == SourceImage.MaskContent.LATENT_NOISE ? first[i] : 0;
            }
        }
        if (inpaints) {
            byte[] hole = source.isMasked() ? source.mask() : everywhere();
            guidance.inpaint(beside(source.image(), hole, noise, cancel));
        } else if (source.isMasked() && encoder().drawsNoise()) {
            noise.next(latents.length); // diffusers encodes the image without its masked part, too
        }
        if (walk.calls() == 0) {
            System.arraycopy(original, 0, latents, 0, latents.length);
        } else if (fromNoise) {
            System.arraycopy(first, 0, latents, 0, latents.length);
            scale(latents, walk.scheduler().initNoiseSigma());
        } else {
            walk.scheduler().addNoise(walk.firstCall(), original, first, latents);
        }
        return new Held(original, first, inpaints ? new boolean[0] : mask);
    }

    private VaeEncoder encoder() {
        if (encoder.isEmpty()) {
            encoder = Optional.of(VaeEncoder.load(bundle, options));
        }
        return encoder.get();
    }

    /**
     * What a network made for in-painting sees behind the sample: the mask of the upper left pixel of each latent, as
     * diffusers scales it, and the image around the hole. Words alone, and an image without a mask, are a hole as large as
     * the image.
     *
     * @return (C + 1, H/f, W/f)
     */
    private float[] beside(RgbImage image, byte[] hole, GaussianNoise noise, CancelToken cancel) {
        float[] left = encoder().encode(image, hole, noise::next, cancel);
        int factor = bundle.vaeDecoder().scaleFactor();
        int columns = bundle.unet().latentWidth();
        float[] beside = new float[columns * bundle.unet().latentHeight() + left.length];
        int perChannel = beside.length - left.length;
        for (int i = 0; i < perChannel; i++) {
            int pixel = i / columns * factor * bundle.width() + i % columns * factor;
            beside[i] = (hole[pixel] & 0xff) > 127 ? 1 : 0;
        }
        System.arraycopy(left, 0, beside, perChannel, left.length);
        return beside;
    }

    private byte[] everywhere() {
        byte[] hole = new byte[bundle.width() * bundle.height()];
        Arrays.fill(hole, (byte) 255);
        return hole;
    }

    private RgbImage nothing() {
        return new RgbImage(bundle.width(), bundle.height(), new byte[3 * bundle.width() * bundle.height()]);
    }

    /** A latent is drawn anew where any of its pixels is. */
    private boolean[] latentMask(byte[] mask) {
        int factor = bundle.vaeDecoder().scaleFactor();
        int columns = bundle.unet().latentWidth();
        int perChannel = columns * bundle.unet().latentHeight();
        boolean[] anew = new boolean[latents.length];
        for (int i = 0; i < mask.length; i++) {
            if ((mask[i] & 0xff) > 127) {
                int latent = i / bundle.width() / factor * columns + i % bundle.width() / factor;
                for (int at = latent; at < anew.length; at += perChannel) {
                    anew[at] = true;
                }
            }
        }
        return anew;
    }

    private static void scale(float[] values, float factor) {
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
    }

    private static void requireFinite(float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new InferenceException(
                        InferenceException.Code.INFERENCE_FAILED,
                        "unet: the latents became infinite or not a number; the model overflows with these settings");
            }
        }
    }

    @Override
    public void close() {
        encoder.ifPresent(VaeEncoder::close);
        encoder = Optional.empty();
    }
}
