package dev.mobilediffusion.server.openai;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.runtime.ImageRequest;
import io.restassured.response.Response;
import java.util.Base64;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ImageRoutesTest extends ImageRoutesFixture {

    @Test
    void answersInOpenAisShape() {
        Response response = post("{\"prompt\":\"a house\",\"seed\":7,\"n\":2}");

        response.then()
                .statusCode(200)
                .contentType("application/json")
                .body("created", greaterThan(1_600_000_000))
                .body("data", hasSize(2))
                .body("data.seed", contains(7, 8))
                .body("data[0]", not(hasKey("url")))
                .body("size", is("16x16"))
                .body("output_format", is("png"))
                .body("usage.total_tokens", is(0))
                .body("usage.input_tokens_details.text_tokens", is(0))
                .body("timings_ms.unet", is(60.0f))
                .body("warnings", empty());
        assertThat(Base64.getDecoder().decode(response.<String>path("data[1].b64_json"))[0], is((byte) 8));
    }

    @Test
    void everySettingReachesTheModelUnderEachOfItsNames() {
        post("{\"prompt\":\"a\",\"seed\":\"5\",\"steps\":3,\"guidance_scale\":2.5,\"negative_prompt\":\"b\"}")
                .then()
                .statusCode(200);
        post("{\"prompt\":\"a\",\"seed\":5,\"num_inference_steps\":3,\"cfg_scale\":\"2.5\",\"negative_prompt\":\"b\"}")
                .then()
                .statusCode(200);
        post("{\"prompt\":\"a<sd_cpp_extra_args>{\\\"seed\\\":5,\\\"step\\\":3,\\\"cfg_scale\\\":2.5,"
                        + "\\\"negative_prompt\\\":\\\"b\\\"}</sd_cpp_extra_args>\"}")
                .then()
                .statusCode(200);

        ImageRequest wanted = new ImageRequest("a", "b", 5, OptionalInt.of(3), OptionalDouble.of(2.5));
        assertThat(server.pipeline.finished(), contains(wanted, wanted, wanted));
    }

    @Test
    void whatClientsInTheWildSendIsAccepted() {
        post("{\"prompt\":\"a\",\"model\":\"gpt-image-1\",\"n\":null,\"size\":\"auto\",\"quality\":\"hd\","
                        + "\"style\":\"vivid\",\"background\":\"auto\",\"moderation\":\"low\",\"response_format\":{},"
                        + "\"user\":\"me\",\"partial_images\":0,\"stream\":null,\"unknown\":[1]}")
                .then()
                .statusCode(200)
                .body("model", is("fake"));
        post("{\"prompt\":\"a\",\"model\":\"\",\"size\":\"\",\"seed\":-1}")
                .then()
                .statusCode(200);
        post("{\"prompt\":\"a\",\"model\":null,\"size\":null,\"seed\":null}")
                .then()
                .statusCode(200);
    }

    @Test
    void withoutASeedEachImageIsAnotherOne() {
        long first = post("{\"prompt\":\"a\"}").then().extract().jsonPath().getLong("data[0].seed");
        long second = post("{\"prompt\":\"a\"}").then().extract().jsonPath().getLong("data[0].seed");

        assertThat(first, not(second));
        assertThat(first, greaterThanOrEqualTo(0L));
    }

    @Test
    void anotherSizeIsMadeFromTheModelsOwnAndSaidSo() {
        post("{\"prompt\":\"a\",\"size\":\"64x32\"}")
                .then()
                .statusCode(200)
                .body("size", is("64x32"))
                .body("warnings", contains("64x32 was made from the model's own 16x16"));
    }

    @Test
    void anImageMayBeLargerThanTheModelDraws() {
        server.pipeline.takeAnyText(true);
        post("{\"prompt\":\"a\",\"size\":\"32x16\",\"upscale\":2.5,\"upscaler\":\"lanczos\"}")
                .then()
                .statusCode(200)
                .body("size", is("80x40"));
        assertThat("enlarged alone", server.pipeline.finished(), hasSize(1));
        server.pipeline.forget();
        post("{\"prompt\":\"a\",\"upscale\":2,\"upscale_strength\":0.3}")
                .then()
                .statusCode(200)
                .body("size", is("32x32"));
        server.pipeline.takeAnyText(false);
        assertThat("drawn anew in tiles", server.pipeline.finished(), hasSize(1 + 9));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        "upscale":9                        | upscale          | upscale must be in [1, 8], got 9.0
        "upscale":8,"size":"512x512"       | upscale          | [16, 2048] pixels a side, got 4096 x 4096
        "upscale":2,"upscale_strength":1.1 | upscale_strength | upscale_strength must be in [0, 1], got 1.1
        """)
    void refusesSizesThatCannotBe(String fields, String field, String sentence) {
        post("{\"prompt\":\"a\",%s}".formatted(fields))
                .then()
                .statusCode(400)
                .body("error.param", is(field))
                .body("error.message", containsString(sentence));
    }

    @Test
    void theModelsWarningsReachTheClient() {
        post("{\"prompt\":\"a xyzzy\"}").then().body("warnings", contains("unknown word: xyzzy"));
    }

    @Test
    void anUnknownModelIsRefusedWhereTheClientIsStrict() {
        post("{\"prompt\":\"a\",\"model\":\"gpt-image-1\",\"strict\":true}")
                .then()
                .statusCode(404)
                .body("error.code", is("model_not_found"))
                .body("error.param", is("model"))
                .body("error.message", containsString("gpt-image-1"));
        post("{\"prompt\":\"a\",\"model\":\"fake\",\"strict\":true}").then().statusCode(200);
        post("{\"prompt\":\"a\",\"strict\":true}").then().statusCode(200);
    }

    @Test
    void aFailureOfTheModelIsAServersErrorWithoutSecretsThatSdksDoNotRetry() {
        post("{\"prompt\":\"boom\"}")
                .then()
                .statusCode(500)
                .header("x-should-retry", "false")
                .body("error.code", is("inference_failed"))
                .body("error.type", is("server_error"))
                .body("error.message", equalTo("the model failed to draw this picture"));
        post("{\"prompt\":\"oom\"}").then().statusCode(500).body("error.code", is("internal"));
    }

    @Test
    void whatTheModelRefusesIsTheClientsError() {
        post("{\"prompt\":\"picky\"}").then().statusCode(400).body("error.param", is("prompt"));
    }

    @Test
    void optionsSaysThatTheRouteIsThere() {
        given(client).options(PATH).then().statusCode(204).header("Allow", containsString("POST"));
    }

    @Test
    void theSameIdempotencyKeyDrawsOnceAndAnotherBodyUnderItIsRefused() {
        String body = "{\"prompt\":\"once\"}";
        String first = given(client)
                .header("Idempotency-Key", "k1")
                .body(body)
                .post(PATH)
                .path("id");
        String second = given(client)
                .header("Idempotency-Key", "k1")
                .body(body)
                .post(PATH)
                .path("id");

        assertThat(second, is(first));
        assertThat(server.pipeline.finished(), hasSize(1));
        given(client)
                .header("Idempotency-Key", "k1")
                .body("{\"prompt\":\"twice\"}")
                .post(PATH)
                .then()
                .statusCode(422)
                .body("error.param", is("Idempotency-Key"));
    }
}
