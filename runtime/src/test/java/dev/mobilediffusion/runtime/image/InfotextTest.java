package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.StageTimings;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class InfotextTest {

    @Test
    void isWrittenAsOtherProgramsReadIt() {
        ImageRequest request = ImageRequest.of("a red house", 7)
                .withNegativePrompt("snow")
                .withSteps(8)
                .withGuidanceScale(7.5);

        assertThat(Infotext.of(image(request), model("pocket")), is("""
            a red house
            Negative prompt: snow
            Steps: 8, Sampler: Euler, CFG scale: 7.5, Seed: 7, Size: 2x1, Model hash: abababab01, \
            Model: pocket, Version: MobileDiffusion\
            """));
    }

    @Test
    void leavesOutAnEmptyNegativePromptAndQuotesCommas() {
        ImageRequest request = ImageRequest.of("a cat", 1).withSteps(4).withGuidanceScale(1);

        assertThat(Infotext.of(image(request), model("pocket, small")), is("""
            a cat
            Steps: 4, Sampler: Euler, CFG scale: 1, Seed: 1, Size: 2x1, Model hash: abababab01, \
            Model: "pocket, small", Version: MobileDiffusion\
            """));
    }

    @ParameterizedTest
    @CsvSource({
        "EulerAncestralDiscreteScheduler,Euler a",
        "DPMSolverMultistepScheduler,DPM++ 2M",
        "DPMSolverMultistepScheduler sde-dpmsolver++,DPM++ 2M SDE",
        "UniPCMultistepScheduler,UniPC",
        "HeunDiscreteScheduler,Heun",
        "KDPM2DiscreteScheduler,DPM2",
        "KDPM2AncestralDiscreteScheduler,DPM2 a",
        "LMSDiscreteScheduler,LMS",
        "DEISMultistepScheduler,DEIS",
        "DDPMScheduler,DDPM",
        "PNDMScheduler,PLMS",
        "DDIMScheduler,DDIM",
        "LCMScheduler,LCM",
        "SomeScheduler,SomeScheduler"
    })
    void callsSchedulersWhatA1111CallsThem(String scheduler, String sampler) {
        assertThat(Infotext.samplerName(scheduler), is(sampler));
    }

    private static GeneratedImage image(ImageRequest request) {
        return new GeneratedImage(2, 1, new byte[6], request, StageTimings.NONE, List.of());
    }

    private static ModelInfo model(String name) {
        return new ModelInfo(
                name,
                2,
                1,
                8,
                1,
                true,
                "FlowMatchEulerDiscreteScheduler",
                0,
                List.of(),
                Map.of(),
                "",
                "abababab01" + "0".repeat(54));
    }
}
