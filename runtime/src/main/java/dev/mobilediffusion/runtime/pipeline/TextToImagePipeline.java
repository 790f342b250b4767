package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.diffusion.Guidance;
import dev.mobilediffusion.runtime.scheduler.Schedulers;
import dev.mobilediffusion.runtime.text.ClipTokenizer;
import dev.mobilediffusion.runtime.text.PromptEmbeddings;
import dev.mobilediffusion.runtime.text.Rephrasing.Rephrased;
import dev.mobilediffusion.runtime.text.TextEncoder;
import dev.mobilediffusion.runtime.text.TokenizedPrompt;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Text to image by latent diffusion (Rombach et al. 2022, arXiv 2112.10752), in three parts that {@link #generate} shows
 * in order:
 *
 * <ol>
 *   <li><b>encode</b>: the prompt becomes token ids, and the text encoder one vector per token;
 *   <li><b>denoise</b>: seeded noise in the small space of latents becomes, step by step, the latents of an image: the
 *       UNet says what is noise in them, guidance sharpens that towards the prompt, the scheduler takes it away;
 *   <li><b>decode</b>: the VAE decoder turns latents into pixels.
 * </ol>
 *
 * <pre>{@code
 * try (TextToImage model = TextToImagePipeline.load(Path.of("models/pocket"), RuntimeOptions.defaults())) {
 *     GeneratedImage image = model.generate(
 *             ImageRequest.of("a red house by the sea at sunset", 7), ProgressListener.NONE, new CancelToken());
 * }
 * }</pre>
 *
 * <p>Everything that an image needs is allocated when the model is loaded. For one thread at a time.
 */
public final class TextToImagePipeline implements TextToImage {

    /** 56 prompts of pocket, 8 of Stable Diffusion; what has been forgotten costs the text encoder a few milliseconds. */
    private static final long EMBEDDING_CACHE_BYTES = 2L << 20;

    /** Of a word in a prompt; far beyond what draws anything. */
    private static final int MAX_WEIGHT = 100;

    private final ModelBundle bundle;
    private final RequestDefaults defaults;
    private final ModelInfo model;
    private final Deque<AutoCloseable> open = new ArrayDeque<>(); // last opened first

    private final ClipTokenizer tokenizer;
    private final PromptEmbeddings embeddings;
    private final Guidance guidance;
    private final CheckedDecoder decoder;
    private final TextEncoder textEncoder;
    private final ControlSwitch control;
    private final DenoiseLoop loop;
    private final LoraSwitch loras;
    private final OwnThings things;

    private TextToImagePipeline(ModelBundle bundle, RuntimeOptions options) {
        this.bundle = bundle;
        this.defaults = RequestDefaults.of(bundle);
        this.model = defaults.modelInfo(bundle);
        Schedulers.create(
                bundle.scheduler(), model.defaultSteps()); // refuses what it does not know before the weights load
        this.tokenizer = new ClipTokenizer(bundle.tokenizer());
        this.things = new OwnThings(bundle, options);
        try {
            textEncoder = opened(TextEncoder.load(bundle, tokenizer.maxLength(), options));
            if (options.memory() == RuntimeOptions.MemoryProfile.SPEED) {
                Aside<ControlSwitch> unet = Aside.start("unet", () -> control(bundle, options));
                try {
                    decoder = opened(CheckedDecoder.load(bundle, options));
                } finally {
                    control = opened(unet.join());
                }
            } else {
                textEncoder.rest(); // so that not even while loading two networks hold memory
                control = opened(control(bundle, options));
                control.plain().rest();
                decoder = opened(CheckedDecoder.load(bundle, options));
            }
            embeddings = new PromptEmbeddings(textEncoder, EMBEDDING_CACHE_BYTES);
            guidance = new Guidance(control.plain());
            if (options.memory() == RuntimeOptions.MemoryProfile.SPEED
                    && guidance.needsNegativePrompt(model.defaultGuidanceScale())) {
                control.allowPairs();
            }
            loras = opened(new LoraSwitch(bundle, textEncoder, control.plain(), embeddings));
            loop = opened(new DenoiseLoop(bundle, options, guidance));
        } catch (RuntimeException failure) {
            close();
            throw failure;
        }
    }

    /**
     * Loads the model in a bundle's folder, and hashes its files meanwhile: an altered one is read, but never draws.
     *
     * @throws InferenceException with code INVALID_BUNDLE that names the file at fault and what to do
     */
    public static TextToImagePipeline load(Path bundleFolder, RuntimeOptions options) {
        ModelBundle bundle = ModelBundle.open(bundleFolder);
        Aside<ModelBundle> verified = Aside.start("hashes", () -> options.verifyHashes() ? bundle.verify() : bundle);
        TextToImagePipeline pipeline;
        try {
            pipeline = new TextToImagePipeline(bundle, options);
        } catch (InferenceException broken) {
            verified.join(); // an altered file is the better reason
            throw broken;
        }
        try {
            verified.join();
            return pipeline;
        } catch (InferenceException altered) {
            pipeline.close();
            throw altered;
        }
    }

    private ControlSwitch control(ModelBundle model, RuntimeOptions options) {
        return new ControlSwitch(model, textEncoder.rows(), textEncoder.hiddenSize(), options);
    }

    @Override
    public ModelInfo model() {
        return model;
    }

    /** Draws and drops one image of one step, so that the first that counts is as fast as the rest. */
    public void warmUp() {
        generate(ImageRequest.of("a", 0).withSteps(defaults.minSteps()), ProgressListener.NONE, new CancelToken());
    }

    @Override
    public GeneratedImage generate(ImageRequest request, ProgressListener progress, CancelToken cancel) {
        try {
            return draw(request, progress, cancel);
        } finally {
            textEncoder.rest(); // also when the image was cancelled inside a stage
            guidance.rest();
        }
    }

    private GeneratedImage draw(ImageRequest request, ProgressListener progress, CancelToken cancel) {
        StageClock clock = new StageClock(progress, cancel);
        Warnings warnings = things.begin();
        ImageRequest filled = defaults.fill(request, warnings);
        double guidanceScale = filled.guidanceScale().orElseThrow();
        boolean guided = guidance.needsNegativePrompt(guidanceScale);
        requireNativeSize(filled);
        Schedulers.create(bundle.scheduler(), filled.steps().orElseThrow()); // refuses too many before it computes

        clock.enter(Stage.TOKENIZE);
        Rephrased said = things.rephrased(filled.prompt());
        Rephrased unwanted = things.rephrased(filled.negativePrompt());
        TokenizedPrompt prompt = tokenizer.encodeWeighted(said.text());
        TokenizedPrompt negativePrompt = tokenizer.encodeWeighted(unwanted.text());
        requireUsableWeights("prompt", prompt);
        requireUsableWeights("negative_prompt", negativePrompt);
        warnings.about("prompt", said, prompt);
        warnings.aboutNegative(unwanted, negativePrompt, guided || guidanceScale > 1);

        clock.enter(Stage.TEXT_ENCODER);
        loras.apply(filled.loras(), things.textEncoder());
        float[] positive = embeddings.of(prompt, cancel);
        Optional<float[]> negative = guided ? Optional.of(embeddings.of(negativePrompt, cancel)) : Optional.empty();
        textEncoder.rest();

        clock.enter(Stage.UNET);
        guidance.use(control.apply(filled.control(), loras.unet()));
        guidance.begin(guidanceScale, positive, negative);
        float[] latents =
                loop.run(filled, progress, (step, x0) -> progress.onPreview(step, preview(x0, filled, cancel)), cancel);

        clock.enter(Stage.VAE_DECODER);
        byte[] rgb = decoder.decode(latents, () -> warnings.flagged(filled.seed()), cancel);
        return new GeneratedImage(model.width(), model.height(), rgb, filled, clock.stop(), warnings.sentences());
    }

    private GeneratedImage preview(float[] original, ImageRequest request, CancelToken cancel) {
        byte[] rgb = decoder.decode(original, () -> {}, cancel);
        return new GeneratedImage(model.width(), model.height(), rgb, request, StageTimings.NONE, List.of());
    }

    /** Prompts whose embeddings were remembered. Any thread may ask. */
    public long embeddingCacheHits() {
        return embeddings.hits();
    }

    /** Prompts whose embeddings had to be computed. Any thread may ask. */
    public long embeddingCacheMisses() {
        return embeddings.misses();
    }

    @Override
    public void close() {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception failure) {
                throw new InferenceException(InferenceException.Code.INFERENCE_FAILED, "close: " + failure, failure);
            }
        }
    }

    private <T extends AutoCloseable> T opened(T part) {
        open.push(part);
        return part;
    }

    private void requireNativeSize(ImageRequest request) {
        request.source().ifPresent(source -> requireNativeSize("image", source.image()));
        request.control().ifPresent(lines -> requireNativeSize("control_image", lines.image()));
    }

    private void requireNativeSize(String field, RgbImage image) {
        if (image.width() != model.width() || image.height() != model.height()) {
            throw InferenceException.invalid(
                    field,
                    "%s must have the model's size, %dx%d pixels, got %dx%d",
                    field,
                    model.width(),
                    model.height(),
                    image.width(),
                    image.height());
        }
    }

    private static void requireUsableWeights(String field, TokenizedPrompt prompt) {
        for (float weight : prompt.weights()) {
            if (!(Math.abs(weight) <= MAX_WEIGHT)) {
                throw InferenceException.invalid(
                        field, "%s: weights must be in [-%d, %d], got %s", field, MAX_WEIGHT, MAX_WEIGHT, weight);
            }
        }
    }
}
