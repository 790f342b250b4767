package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bundles whose parts do not fit: refused at load, in a sentence, with nothing left open. */
final class BrokenBundleTest {

    @TempDir
    Path folder;

    private Path bundle;
    private long openBefore;

    @BeforeEach
    void copyBundle() {
        bundle = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, folder);
        openBefore = OnnxRuntime.openHandles();
    }

    @AfterEach
    void nothingIsLeftOpen() {
        assertThat(OnnxRuntime.openHandles(), is(openBefore));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text_encoder", "unet", "vae_decoder"})
    void namesATruncatedNetwork(String network) throws IOException {
        Path file = bundle.resolve(network + "/model.onnx");
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length / 3));

        assertThat(refusal(), containsString(network + "/model.onnx is truncated"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tiny-flow/unet | unet | sample FLOAT32[1, 8, 8, 8] must take [1, 4, 8, 8]",
                "tiny-flow/vae_decoder | vae_decoder | latent_sample FLOAT32[1, 8, 8, 8] must take [1, 4, 8, 8]",
                "tiny-flow/text_encoder | text_encoder | input_ids INT64[1, 48] must take [1, 77]",
                "tiny-sd/unet | vae_decoder | vae_decoder: must have one input, the latents; found [sample",
                "tiny-sd/vae_decoder | unet | unet: the input latent_sample is not known here",
                "tiny-sd/unet | text_encoder | text_encoder lacks the input input_ids; it has [sample",
            })
    void saysWhatItExpectedAndFoundOfASwappedNetwork(String from, String to, String expected) throws IOException {
        Files.copy(
                TinyBundle.folder(from).resolve("model.onnx"),
                bundle.resolve(to + "/model.onnx"),
                StandardCopyOption.REPLACE_EXISTING);

        assertThat(refusal(), containsString(expected));
    }

    @Test
    void saysWhatSizeTheDecoderShouldGive() {
        TinyBundle.change(bundle.resolve("vae_decoder/config.json"), "{'block_out_channels': [4, 4]}");

        assertThat(
                refusal(),
                containsString("sample must have shape [1, 3, 16, 16] by the configs, found [1, 3, 64, 64]"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'_class_name': 'KarrasVeScheduler'} | _class_name KarrasVeScheduler is not known here; known are",
                "{'prediction_type': 'noise'} | prediction_type must be epsilon, v_prediction or sample, got noise",
                "{'timestep_spacing': 'even'} | timestep_spacing must be linspace, leading or trailing, got even",
                "{'beta_schedule': 'cubic'} | beta_schedule must be linear, scaled_linear or squaredcos_cap_v2, got"
                        + " cubic",
                "{'use_beta_sigmas': true} | use_beta_sigmas is not supported here; set it to false",
                "{'final_sigmas_type': 'one'} | final_sigmas_type must be zero or sigma_min, got one",
                "{'_class_name': 'DPMSolverMultistepScheduler', 'solver_order': 4} | solver_order must be in [1, 3],"
                        + " got 4",
                "{'_class_name': 'DPMSolverMultistepScheduler', 'algorithm_type': 'dpmsolver'} | algorithm_type must be"
                        + " dpmsolver++, sde-dpmsolver++ or deis, got dpmsolver",
                "{'_class_name': 'UniPCMultistepScheduler', 'predict_x0': false} | predict_x0 false is not supported"
                        + " here; set it to true",
                "{'_class_name': 'DDPMScheduler', 'variance_type': 'learned'} | variance_type must be fixed_small,"
                        + " fixed_small_log or fixed_large, got learned",
                "{'beta_start': NaN} | beta_start must be a finite number, got",
                "{'_class_name': 'PNDMScheduler'} | skip_prk_steps false is not supported here; set it to true",
                "{'_class_name': 'DDIMScheduler', 'thresholding': true} | thresholding is not supported here",
            })
    void namesASchedulerSettingThatIsNotKnown(String change, String expected) {
        TinyBundle.change(bundle.resolve("scheduler/scheduler_config.json"), change);

        assertThat(refusal(), containsString("scheduler/scheduler_config.json: " + expected));
    }

    @Test
    void refusesMoreStepsThanTheSchedulerHas() {
        TinyBundle.change(
                bundle.resolve("scheduler/scheduler_config.json"),
                "{'_class_name': 'LCMScheduler', 'original_inference_steps': 20}");
        try (TextToImagePipeline model = TextToImagePipeline.load(bundle, RuntimeOptions.defaults())) {
            ImageRequest request = ImageRequest.of("a star", 1).withSteps(21);

            InferenceException refusal = assertThrows(
                    InferenceException.class, () -> model.generate(request, ProgressListener.NONE, new CancelToken()));

            assertThat(refusal.code(), is(InferenceException.Code.INVALID_REQUEST));
            assertThat(refusal.param(), is("steps"));
            assertThat(refusal.getMessage(), is("steps must be in [1, 20] for this model, got 21"));
        }
    }

    @Test
    void namesAnAlteredNetworkAsSuchWhateverElseIsWrongWithIt() throws IOException {
        bundle = TinyBundle.copy(TinyBundle.FLOW, folder);
        Path unet = bundle.resolve("unet/model.onnx");
        byte[] sound = Files.readAllBytes(unet);
        byte[] altered = sound.clone();
        altered[altered.length / 2] ^= 1;
        for (byte[] bytes : List.of(altered, Arrays.copyOf(sound, sound.length / 2))) {
            Files.write(unet, bytes);

            assertThat(refusal(), containsString("unet/model.onnx is altered or incomplete"));
        }
    }

    private String refusal() {
        InferenceException refusal = assertThrows(
                InferenceException.class, () -> TextToImagePipeline.load(bundle, RuntimeOptions.defaults()));
        assertThat(refusal.code(), is(InferenceException.Code.INVALID_BUNDLE));
        return refusal.getMessage();
    }
}
