package dev.mobilediffusion.server.a1111;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import dev.mobilediffusion.server.TestServer;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class SdApiTest {

    @RegisterExtension
    private final TestServer server = TestServer.quick().withFiles();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"prompt\":[\"a\"]}|prompt",
                "{\"prompt\":\"a\",\"steps\":0}|steps",
                "{\"prompt\":\"a\",\"steps\":151}|steps",
                "{\"prompt\":\"a\",\"cfg_scale\":31}|cfg_scale",
                "{\"prompt\":\"a\",\"width\":15}|width",
                "{\"prompt\":\"a\",\"height\":2049}|height",
                "{\"prompt\":\"a\",\"width\":1024,\"enable_hr\":true,\"hr_scale\":4}|hr_scale",
                "{\"prompt\":\"a\",\"batch_size\":0}|batch_size",
                "{\"prompt\":\"a\",\"batch_size\":11}|batch_size",
                "{\"prompt\":\"a\",\"batch_size\":4,\"n_iter\":3}|n_iter",
                "{\"prompt\":\"a\",\"seed\":1.5}|seed",
                "{\"prompt\":\"a\",\"override_settings\":7}|override_settings",
                "{\"prompt\":\"a\",\"override_settings\":{\"samples_format\":\"gif\"}}|samples_format",
                "{\"prompt\":\"a\",\"override_settings\":{\"samples_format\":\"webp\"}}|samples_format",
                "{\"prompt\":\"a\",\"send_images\":\"no\"}|send_images",
            })
    void aWrongValueIsRefusedAsFastApiWould(String body, String field) {
        txt2img(body)
                .then()
                .statusCode(422)
                .body("detail[0].loc", contains("body", field))
                .body("detail[0].msg", notNullValue())
                .body("detail[0].type", is("value_error"));
        assertThat(server.pipeline.finished(), hasSize(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "null", "{\"prompt\":\"a\",\"prompt\":\"b\"}"})
    void aBodyThatIsNoObjectIsRefused(String body) {
        txt2img(body).then().statusCode(422).body("detail[0].loc", contains("body"));
        post("options", body).then().statusCode(422);
    }

    @Test
    void otherRefusalsAreASentence() {
        get("nothing").then().statusCode(404).body("detail", is("Not Found"));
        given().get(server.url() + "/sdapi/v1/txt2img")
                .then()
                .statusCode(405)
                .header("Allow", "POST")
                .body("detail", containsString("POST"));
        txt2img("{\"prompt\":\"boom\"}")
                .then()
                .statusCode(500)
                .body("error", is("inference_failed"))
                .body("errors", not(containsString("secret")));
        txt2img("{\"prompt\":\"a\",\"override_settings\":{\"sd_model_checkpoint\":\"nobody\"}}")
                .then()
                .statusCode(404)
                .body("detail", containsString("sd-models"));
        given().contentType("text/plain")
                .body("x")
                .post(server.url() + "/sdapi/v1/txt2img")
                .then()
                .statusCode(415);
    }

    @Test
    void theMetricsKnowARefusalByItsName() {
        txt2img("{\"prompt\":7}").then().statusCode(422);
        txt2img("{\"prompt\":\"boom\"}").then().statusCode(500);

        String metrics = given().get(server.url() + "/metrics").asString();
        assertThat(metrics, containsString("{api=\"a1111\",outcome=\"invalid_request\"} 1"));
        assertThat(metrics, containsString("{api=\"a1111\",outcome=\"inference_failed\"} 1"));
    }

    @Test
    void networksAreTakenOutOfThePromptAndSaidSo() {
        Response reply = txt2img("{\"prompt\":\"a house <lora:detail:0.8> at night\",\"seed\":1}");

        assertThat(server.pipeline.finished().getFirst().prompt(), is("a house  at night"));
        assertThat(
                info(reply).getString("warnings[0]"),
                containsString("no such LoRA, so it was left out of the prompt: <lora:detail:0.8>"));
    }

    @Test
    void optionsAreTheCallersOwnAndLastAcrossRequests() {
        post("options", "{\"samples_format\":\"jpg\",\"enable_pnginfo\":false}")
                .then()
                .statusCode(200);

        get("options").then().body("samples_format", is("jpg")).body("enable_pnginfo", is(false));
        String jpeg = file(txt2img("{\"prompt\":\"a red house\"}"));
        assertThat(jpeg, containsString("JFIF"));
        assertThat(jpeg, not(containsString("UNICODE")));
        String png = file(txt2img("{\"prompt\":\"a red"
                + " house\",\"override_settings\":{\"samples_format\":\"png\",\"enable_pnginfo\":true}}"));
        assertThat(png, containsString("tEXtparameters"));
        get("options").then().body("samples_format", is("jpg"));
    }

    @Test
    void unwantedImagesAreNotSent() {
        Response reply = txt2img("{\"prompt\":\"a\",\"seed\":4,\"send_images\":false}");

        reply.then().statusCode(200).body("images", hasSize(0));
        assertThat(info(reply).getLong("seed"), is(4L));
    }

    @Test
    void progressShowsTheUnfinishedImageWhereThatWasAskedFor() throws Exception {
        server.pipeline.hold();
        CompletableFuture<Response> drawing = CompletableFuture.supplyAsync(
                () -> txt2img(
                        "{\"prompt\":\"a\",\"steps\":4,\"batch_size\":2,\"override_settings\":{\"show_progress_every_n_steps\":2}}"));
        server.pipeline.awaitStart();
        CompletableFuture<Response> waiting = CompletableFuture.supplyAsync(() -> txt2img("{\"prompt\":\"b\"}"));

        while (get("progress").path("current_image") == null) {
            Thread.sleep(10);
        }
        String image = get("progress").path("current_image");
        assertThat(new String(Base64.getDecoder().decode(image), StandardCharsets.ISO_8859_1), containsString("PNG"));
        get("progress?skip_current_image=true")
                .then()
                .body("current_image", nullValue())
                .body("state.job_no", is(0));
        server.pipeline.allow(1);
        server.pipeline.awaitStart();
        post("skip", "").then().statusCode(200).body(is("null"));

        drawing.get().then().statusCode(200).body("images", hasSize(1));
        server.pipeline.allow(10);
        waiting.get().then().statusCode(200).body("images", hasSize(1));
    }

    @Test
    void aPngTellsItsSettingsBack() {
        String image = txt2img("{\"prompt\":\"maison \u273f, petite\",\"negative_prompt\":\"snow\",\"seed\":7}")
                .path("images[0]");

        post("png-info", "{\"image\":\"data:image/png;base64," + image + "\"}")
                .then()
                .statusCode(200)
                .body("info", containsString("Steps: 4"))
                .body("items.parameters", notNullValue())
                .body("parameters.Prompt", is("maison \u273f, petite"))
                .body("parameters.'Negative prompt'", is("snow"))
                .body("parameters.Seed", is("7"))
                .body("parameters.Size", is("16x16"));
        for (String wrong : new String[] {"", "!", "aGVsbG8=", image.substring(0, 60)}) {
            post("png-info", "{\"image\":\"" + wrong + "\"}").then().statusCode(422);
        }
        post("png-info", "{}").then().statusCode(422).body("detail[0].loc", contains("body", "image"));
    }

    @Test
    void refreshingIsAlwaysDone() {
        for (String path : new String[] {"refresh-checkpoints", "refresh-vae", "refresh-loras"}) {
            post(path, "").then().statusCode(200).body(is("null"));
        }
        get("memory").then().statusCode(200).body("ram.total", notNullValue());
        get("cmd-flags").then().statusCode(200);
    }

    private static JsonPath info(Response reply) {
        reply.then().statusCode(200);
        return new JsonPath(reply.<String>path("info"));
    }

    private static String file(Response reply) {
        reply.then().statusCode(200);
        return new String(Base64.getDecoder().decode(reply.<String>path("images[0]")), StandardCharsets.ISO_8859_1);
    }

    private Response get(String path) {
        return given().get(server.url() + "/sdapi/v1/" + path);
    }

    private Response txt2img(String body) {
        return post("txt2img", body);
    }

    private Response post(String path, String body) {
        return given().contentType("application/json; charset=utf-8")
                .body(body)
                .post(server.url() + "/sdapi/v1/" + path);
    }
}
