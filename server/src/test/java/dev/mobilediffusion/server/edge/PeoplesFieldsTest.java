package dev.mobilediffusion.server.edge;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import io.restassured.response.ValidatableResponse;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings by the names that people use, in prompts too, and what becomes of those that mean nothing here. */
final class PeoplesFieldsTest {

    @RegisterExtension
    private final TestServer server = TestServer.quick();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"steps\":5,\"guidance_scale\":2",
                "\"num_inference_steps\":5,\"cfg_scale\":2",
                "\"num_steps\":\"5\",\"cfg\":\"2\"",
                "\"step\":5,\"guidance\":2"
            })
    void settingsHaveTheNamesThatPeopleGiveThem(String settings) {
        openAi("{\"prompt\":\"a\",\"seed\":7,\"width\":32,\"height\":48,%s}".formatted(settings))
                .body("size", is("32x48"))
                .body("warnings", not(hasItem(containsString("without an effect"))));

        ImageRequest drawn = server.pipeline.finished().getFirst();
        assertThat(drawn.steps().orElseThrow(), is(5));
        assertThat(drawn.guidanceScale().orElseThrow(), is(2.0));
    }

    @Test
    void whatHasNoEffectIsNamed() {
        openAi("{\"prompt\":\"a\",\"sampler\":\"Euler\",\"quality\":\"hd\",\"seeed\":3,\"style\":null,\"user\":\"me\"}")
                .body("warnings", hasItem("fields without an effect here: sampler, quality, seeed"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/images/generations", "/sdapi/v1/txt2img"})
    void settingsOfStableDiffusionCppStandInThePrompt(String path) {
        post(
                        path,
                        "{\"prompt\":\"a cat"
                            + " <sd_cpp_extra_args>{\\\"seed\\\":42,\\\"sample_params\\\":{\\\"sample_steps\\\":6,"
                            + "\\\"guidance\\\":{\\\"txt_cfg\\\":1.5}}}</sd_cpp_extra_args>\",\"steps\":20,\"seed\":1}")
                .statusCode(200);

        ImageRequest drawn = server.pipeline.finished().getFirst();
        assertThat(drawn.prompt(), is("a cat"));
        assertThat(drawn.seed(), is(42L));
        assertThat(drawn.steps().orElseThrow(), is(6));
        assertThat(drawn.guidanceScale().orElseThrow(), is(1.5));
    }

    @Test
    void brokenSettingsInThePromptAreNamed() {
        post("/v1/images/generations", "{\"prompt\":\"a <sd_cpp_extra_args>{steps}</sd_cpp_extra_args>\"}")
                .statusCode(400)
                .body("error.message", containsString("what stands in <sd_cpp_extra_args> is not valid JSON"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/images/generations", "/sdapi/v1/txt2img", "/v1/jobs"})
    void callsForNetworksAreNoWords(String path) {
        String reply = post(path, "{\"prompt\":\"a cat <lora:x:1> on a mat\",\"negative_prompt\":\"<lyco:y>rain\"}")
                .extract()
                .asString();

        assertThat(reply, containsString("there is no such LoRA"));
        if (!path.equals("/v1/jobs")) {
            ImageRequest drawn = server.pipeline.finished().getFirst();
            assertThat(drawn.prompt(), is("a cat  on a mat"));
            assertThat(drawn.negativePrompt(), is("rain"));
        }
    }

    @Test
    void aJobThatCanNeverFitIsRefusedForGood() {
        try (TestServer small = TestServer.start(server.folder().resolve("small"), Map.of("queue-capacity", "2"))) {
            given().contentType("application/json")
                    .body("{\"prompt\":\"a\",\"n\":9}")
                    .post(small.url() + "/v1/jobs")
                    .then()
                    .statusCode(400)
                    .body("error.param", is("n"))
                    .body("error.message", containsString("at most 8"));
        }
    }

    @Test
    void a1111DrawsWhatItIsToldWhenThatIsNothing() {
        post("/sdapi/v1/txt2img", "{\"prompt\":\"\"}").statusCode(200);
        post("/sdapi/v1/txt2img", "{}").statusCode(200);

        assertThat(server.pipeline.finished().getFirst().prompt(), is(""));
    }

    @Test
    void whatA1111sClientInterruptsIsAnsweredByWhatThereIs() throws Exception {
        try (TestServer slow = TestServer.start(server.folder().resolve("slow"), FakePipeline.gated())) {
            Thread interrupting = Thread.startVirtualThread(() -> interruptFirst(slow));
            given().contentType("application/json")
                    .body("{\"prompt\":\"a\"}")
                    .post(slow.url() + "/sdapi/v1/txt2img")
                    .then()
                    .statusCode(200)
                    .body("images", is(empty()))
                    .body("info", containsString("\"infotexts\":[]"));
            interrupting.join();
        }
    }

    private static void interruptFirst(TestServer server) {
        try {
            server.pipeline.awaitStart();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        given().post(server.url() + "/sdapi/v1/interrupt").then().statusCode(200);
    }

    private ValidatableResponse openAi(String body) {
        return post("/v1/images/generations", body).statusCode(200);
    }

    private ValidatableResponse post(String path, String body) {
        return given().contentType("application/json")
                .body(body)
                .post(server.url() + path)
                .then();
    }
}
