package dev.mobilediffusion.runtime.bundle;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.TinyBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ModelBundleTest {

    @TempDir
    Path folder;

    private Path flow;
    private Path stableDiffusion;

    @BeforeEach
    void copyBundles() {
        flow = TinyBundle.copy(TinyBundle.FLOW, folder);
        stableDiffusion = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, folder);
    }

    @Test
    void readsSizesAndTokenizer() {
        ModelBundle bundle = ModelBundle.open(stableDiffusion);

        assertThat(bundle.name(), is(TinyBundle.STABLE_DIFFUSION));
        assertThat(bundle.width(), is(64));
        assertThat(bundle.height(), is(64));
        assertThat(bundle.unet().latentChannels(), is(4));
        assertThat(bundle.vaeDecoder().scalingFactor(), is(0.18215f));
        assertThat(bundle.tokenizer().maxLength(), is(77));
        assertThat(bundle.tokenizer().padToken(), is("!"));
        assertThat(bundle.manifest().isPresent(), is(false));
    }

    /** Python writes these into JSON; a file of diffusers' own DPM-Solver has the last. */
    @Test
    void readsNumbersAsPythonWritesThem() throws IOException {
        Files.writeString(stableDiffusion.resolve("scheduler/scheduler_config.json"), """
            {"_class_name": "DPMSolverMultistepScheduler", "one": NaN, "two": Infinity, "lambda_min_clipped": -Infinity}
            """);
        TinyBundle.change(stableDiffusion.resolve("unet/config.json"), "{'unused': Infinity}");
        TinyBundle.change(stableDiffusion.resolve("vae_decoder/config.json"), "{'unused': -Infinity}");
        TinyBundle.change(stableDiffusion.resolve("tokenizer/tokenizer_config.json"), "{'unused': NaN}");

        ConfigFile scheduler = ModelBundle.open(stableDiffusion).scheduler();

        assertThat(scheduler.limit("lambda_min_clipped", 0), is(Double.NEGATIVE_INFINITY));
    }

    @Test
    void readsTheManifest() {
        BundleManifest manifest = ModelBundle.open(flow).manifest().orElseThrow();

        assertThat(manifest.defaultSteps(), is(OptionalInt.of(4)));
        assertThat(manifest.guidanceBakedIn(), is(true));
        assertThat(manifest.maxSteps(), is(20));
        assertThat(manifest.licence(), is("Apache-2.0"));
        assertThat(manifest.words(), hasItem("lighthouse"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model_index.json",
                "unet/config.json",
                "unet/model.onnx",
                "vae_decoder/config.json",
                "vae_decoder/model.onnx",
                "text_encoder/model.onnx",
                "tokenizer/vocab.json",
                "tokenizer/merges.txt",
                "scheduler/scheduler_config.json"
            })
    void namesAMissingFile(String file) throws IOException {
        Files.delete(stableDiffusion.resolve(file));

        assertThat(refusal(stableDiffusion), containsString(file + " is missing"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model_index.json",
                "unet/config.json",
                "vae_decoder/config.json",
                "tokenizer/vocab.json",
                "tokenizer/tokenizer_config.json",
                "scheduler/scheduler_config.json"
            })
    void namesATruncatedFile(String file) throws IOException {
        byte[] whole = Files.readAllBytes(stableDiffusion.resolve(file));
        Files.write(stableDiffusion.resolve(file), Arrays.copyOf(whole, whole.length / 2));

        assertThat(refusal(stableDiffusion), containsString(file + " is truncated or not JSON"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "unet/config.json ; {'in_channels': null} ; unet/config.json lacks the key in_channels (an integer)",
                "unet/config.json ; {'in_channels': 'four'} ; in_channels must be an integer, got \"four\"",
                "unet/config.json ; {'in_channels': 8, 'out_channels': 4} ; takes 8 channels and gives 4 cannot run"
                        + " here: it must take as many, or 9 with a mask",
                "unet/config.json ; {'sample_size': 0} ; sample_size",
                "unet/config.json ; {'in_channels': 6, 'out_channels': 6} ; they do not fit",
                "vae_decoder/config.json ; {'latent_channels': null} ; lacks the key latent_channels",
                "vae_decoder/config.json ; {'scaling_factor': 0} ; scaling_factor must be above 0, got 0.0",
                "vae_decoder/config.json ; {'latents_std': [1, 2]} ; latents_std must have latent_channels = 4"
                        + " numbers, got 2",
                "vae_decoder/config.json ; {'block_out_channels': null} ; block_out_channels",
                "vae_decoder/config.json ; {'receptive_rows': -1} ; receptive_rows must be 0 or more, got -1",
                "scheduler/scheduler_config.json ; {'_class_name': null} ; lacks the key _class_name",
                "tokenizer/vocab.json ; {'<|startoftext|>': null} ; lacks the special token <|startoftext|>",
                "tokenizer/vocab.json ; {'the</w>': null} ; which tokenizer/vocab.json lacks",
                "tokenizer/tokenizer_config.json ; {'model_max_length': 2} ; model_max_length must be in [3, 4096],"
                        + " got 2.0",
            })
    void namesTheKeyAtFault(String file, String change, String expected) {
        TinyBundle.change(stableDiffusion.resolve(file), change);

        assertThat(refusal(stableDiffusion), containsString(expected));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'text_encoder_2': ['transformers', 'CLIPTextModelWithProjection']} | second text encoder",
                "{'_class_name': 'StableDiffusionXLPipeline'} | second text encoder",
                "{'transformer': ['diffusers', 'FluxTransformer2DModel']} | transformer in the place of a UNet",
            })
    void refusesWhatCannotRun(String change, String expected) {
        TinyBundle.change(stableDiffusion.resolve("model_index.json"), change);

        assertThat(refusal(stableDiffusion), allOf(containsString("tiny-sd"), containsString(expected)));
    }

    @Test
    void saysWhatToDoWithPyTorchWeights() throws IOException {
        Files.delete(stableDiffusion.resolve("unet/model.onnx"));
        Files.writeString(stableDiffusion.resolve("unet/diffusion_pytorch_model.safetensors"), "weights");

        assertThat(refusal(stableDiffusion), containsString("export it to ONNX first"));
    }

    @Test
    void refusesAFolderThatIsNone() {
        assertThat(refusal(folder.resolve("nowhere")), containsString("nowhere is not a folder"));
    }

    @Test
    void refusesAManifestOfALaterFormat() {
        TinyBundle.change(flow.resolve("bundle.json"), "{'format_version': 2}");

        assertThat(refusal(flow), containsString("format_version 2, this program reads 1"));
    }

    @Test
    void refusesAManifestThatContradictsTheConfigs() {
        TinyBundle.change(flow.resolve("bundle.json"), "{'width': 128}");

        assertThat(refusal(flow), containsString("bundle.json says 128x64 pixels, the configs make 64x64"));
    }

    @Test
    void namesTheFirstAlteredFile() throws IOException {
        byte[] weights = Files.readAllBytes(flow.resolve("unet/model.onnx"));
        weights[weights.length / 2] ^= 1;
        Files.write(flow.resolve("unet/model.onnx"), weights);
        ModelBundle bundle = ModelBundle.open(flow);

        InferenceException refusal = assertThrows(InferenceException.class, bundle::verify);

        assertThat(refusal.getMessage(), containsString("unet/model.onnx is altered or incomplete"));
    }

    @Test
    void refusesHashesOfFilesElsewhere() {
        BundleManifest manifest = ModelBundle.open(flow).manifest().orElseThrow();
        BundleManifest outside = new BundleManifest(
                "",
                Map.of("../secret", "0".repeat(64)),
                manifest.defaultSteps(),
                1,
                1,
                manifest.defaultGuidanceScale(),
                true,
                manifest.width(),
                manifest.height(),
                0,
                "",
                List.of(),
                Map.of(),
                Map.of(),
                Map.of());

        InferenceException refusal = assertThrows(InferenceException.class, () -> BundleVerifier.verify(flow, outside));

        assertThat(refusal.getMessage(), containsString("../secret lies outside the bundle"));
    }

    @Test
    void hashIsThatOfTheFilesWhereverTheyAreListed() throws IOException {
        String listed = ModelBundle.open(flow).sha256();
        Files.delete(flow.resolve("bundle.json"));
        String computed = ModelBundle.open(flow).sha256();
        Files.writeString(flow.resolve("unet/config.json"), "\n", StandardOpenOption.APPEND);

        assertThat(listed, matchesPattern("[0-9a-f]{64}"));
        assertThat(computed, is(listed));
        assertThat(ModelBundle.open(flow).sha256(), is(not(listed)));
    }

    private static String refusal(Path bundle) {
        InferenceException refusal = assertThrows(InferenceException.class, () -> ModelBundle.open(bundle));
        assertThat(refusal.code(), is(InferenceException.Code.INVALID_BUNDLE));
        return refusal.getMessage();
    }
}
