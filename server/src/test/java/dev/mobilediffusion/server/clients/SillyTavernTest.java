package dev.mobilediffusion.server.clients;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.TestServer;
import io.restassured.response.Response;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What SillyTavern's server sends for its sources "A1111", "stable-diffusion.cpp" and "Draw Things". */
@Timeout(120)
final class SillyTavernTest {

    private static final String TXT2IMG = """
        {"url":"http://127.0.0.1:7860","auth":"ann:hunter2","prompt":"a red house","negative_prompt":"snow",
         "sampler_name":"DPM++ 2M","scheduler":"Karras","steps":3,"cfg_scale":2.5,"width":64,"height":32,
         "restore_faces":false,"enable_hr":false,"hr_upscaler":"Latent","hr_scale":2,"hr_additional_steps":0,
         "denoising_strength":0.7,"hr_second_pass_steps":0,"seed":7,
         "override_settings":{"CLIP_stop_at_last_layers":1},"override_settings_restore_afterwards":true,
         "clip_skip":1,"save_images":true,"send_images":true,"do_not_save_grid":false,"do_not_save_samples":false}
        """;

    @RegisterExtension
    private final TestServer server = TestServer.quick().withFiles();

    @Test
    void pingsFetchesItsListsAndFindsTheCurrentModel() {
        get("/sdapi/v1/options").then().statusCode(200).body("sd_model_checkpoint", is("fake"));
        get("/sdapi/v1/sd-models")
                .then()
                .statusCode(200)
                .body("title", contains("fake"))
                .body("[0].hash", is("ababababab"))
                .body("[0].sha256", is("ab".repeat(32)));
        get("/sdapi/v1/samplers").then().statusCode(200).body("name", contains("Euler"));
        get("/sdapi/v1/schedulers").then().statusCode(200).body("name", contains("automatic"));
        get("/sdapi/v1/upscalers").then().statusCode(200).body("[0].name", is("None"));
        get("/sdapi/v1/latent-upscale-modes").then().statusCode(200).body("", hasSize(0));
        get("/sdapi/v1/sd-vae").then().statusCode(200).body("", hasSize(0));
    }

    @Test
    void switchesTheModelAndWaitsUntilTheServerIsIdle() {
        post("/sdapi/v1/options", "{\"sd_model_checkpoint\":\"fake\"}").then().statusCode(200);

        get("/sdapi/v1/progress")
                .then()
                .statusCode(200)
                .body("progress", is(0.0f))
                .body("eta_relative", is(0.0f))
                .body("state.job_count", is(0))
                .body("state.sampling_steps", is(0))
                .body("state.job", is(""))
                .body("state.interrupted", is(false))
                .body("current_image", nullValue())
                .body("textinfo", nullValue());
    }

    @Test
    void itsImageFollowsTheSettingsAndItsCredentialsGoNowhere() {
        StringBuilder log = new StringBuilder();
        Handler listener = listener(log);
        Logger.getLogger("").addHandler(listener);

        Response reply = post("/sdapi/v1/txt2img", TXT2IMG);
        Logger.getLogger("").removeHandler(listener);

        reply.then().statusCode(200).header("X-Process-Time", notNullValue());
        assertThat(png(reply, 0), containsString("tEXtparameters\0a red house\nNegative prompt: snow\nSteps: 3,"));
        assertThat(
                server.pipeline.finished(),
                contains(new ImageRequest("a red house", "snow", 7, OptionalInt.of(3), OptionalDouble.of(2.5))));
        assertThat("the log has the job", log.toString(), containsString("api=a1111"));
        assertThat(log + reply.asString(), not(containsString("hunter2")));
        assertThat(log.toString(), not(containsString("red house")));
    }

    @Test
    void aClosedBrowserInterruptsItsOwnJobAlone() throws Exception {
        server.pipeline.hold();
        CompletableFuture<Response> mine = CompletableFuture.supplyAsync(() -> post("/sdapi/v1/txt2img", TXT2IMG));
        server.pipeline.awaitStart();
        while (get("/sdapi/v1/progress").<Integer>path("state.sampling_step") < 3) {
            Thread.sleep(10);
        }
        get("/sdapi/v1/progress")
                .then()
                .body("progress", is(0.99f))
                .body("state.job_count", is(1))
                .body("state.sampling_step", is(3))
                .body("state.sampling_steps", is(3));

        given().body("")
                .post(server.url() + "/sdapi/v1/interrupt")
                .then()
                .statusCode(200)
                .body("", is(Map.of()));

        mine.get().then().statusCode(200).body("images", hasSize(0));
        assertThat(server.pipeline.finished(), hasSize(0));
        get("/sdapi/v1/progress").then().body("state.job_count", is(0));
    }

    @Test
    void itsStableDiffusionCppSourceUsesBothFamilies() {
        given().options(server.url() + "/v1/images/generations").then().statusCode(204);
        get("/v1/models").then().statusCode(200).body("data.id", contains("fake"));
        Response reply = post(
                "/sdapi/v1/txt2img",
                "{\"model\":\"sd-turbo\",\"prompt\":\"a red house\",\"width\":64,\"height\":64,\"steps\":2,"
                    + "\"cfg_scale\":1,\"seed\":-1,\"batch_size\":2,\"sampler_name\":\"euler_a\",\"scheduler\":\"discrete\"}");

        reply.then().statusCode(200).body("images", hasSize(2));
    }

    @Test
    void itsDrawThingsSourceFindsTheModelAtTheRoot() {
        given().head(server.url() + "/").then().statusCode(200);
        get("/").then().statusCode(200).body("model", is("fake")).body("upscaler", nullValue());
        post("/sdapi/v1/txt2img", "{\"prompt\":\"a red house\",\"seed\":3,\"upscaler\":null}")
                .then()
                .statusCode(200)
                .body("images", hasSize(1));
    }

    private Response get(String path) {
        return given().get(server.url() + path);
    }

    private Response post(String path, String body) {
        return given().contentType("application/json").body(body).post(server.url() + path);
    }

    static String png(Response reply, int index) {
        List<String> images = reply.path("images");
        return new String(Base64.getDecoder().decode(images.get(index)), StandardCharsets.ISO_8859_1);
    }

    private static Handler listener(StringBuilder log) {
        return new Handler() {
            @Override
            public synchronized void publish(LogRecord entry) {
                log.append(entry.getMessage()).append('\n');
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }
}
