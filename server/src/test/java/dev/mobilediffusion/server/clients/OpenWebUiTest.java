package dev.mobilediffusion.server.clients;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;

import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.TestServer;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What Open WebUI sends with its image engines "openai" and "automatic1111". */
final class OpenWebUiTest {

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    @Test
    void itsOpenAiEngineGetsBase64AndNoLink() {
        Response reply = client("Bearer ")
                .header("X-OpenWebUI-User-Name", "ann")
                .body("{\"model\":\"dall-e-2\",\"prompt\":\"a red house\",\"n\":2,\"size\":\"512x512\","
                        + "\"response_format\":\"b64_json\",\"steps\":2,\"negative_prompt\":\"snow\"}")
                .post("/v1/images/generations?api-version=2024-02-01");

        reply.then()
                .statusCode(200)
                .body("data", hasSize(2))
                .body("data[0].b64_json", notNullValue())
                .body("data[0]", not(hasKey("url")));
        assertThat(server.pipeline.finished().getLast().negativePrompt(), is("snow"));
    }

    @Test
    void itsOpenAiEngineLeavesTheResponseFormatOutForGptImage() {
        client("Bearer sk-x")
                .body("{\"model\":\"gpt-image-1\",\"prompt\":\"a red house\",\"n\":1,\"size\":\"auto\"}")
                .post("/v1/images/generations")
                .then()
                .statusCode(200)
                .body("data[0]", not(hasKey("url")))
                .body("output_format", is("png"));
    }

    @Test
    void itsOpenAiEngineDrawsAnImageAnew() {
        given().baseUri(server.url())
                .header("Authorization", "Bearer sk-x")
                .multiPart("model", "gpt-image-1")
                .multiPart("prompt", "a hat")
                .multiPart("image", "image.png", TestImages.png(TestImages.noise(16, 16)), "image/png")
                .multiPart("n", "1")
                .multiPart("size", "512x512")
                .multiPart("response_format", "b64_json")
                .post("/v1/images/edits")
                .then()
                .statusCode(200)
                .body("data[0].b64_json", notNullValue());
    }

    @Test
    void itsOpenAiEngineSendsSeveralPictures() {
        byte[] file = TestImages.png(TestImages.noise(16, 16));
        given().baseUri(server.url())
                .header("Authorization", "Bearer sk-x")
                .multiPart("model", "gpt-image-1")
                .multiPart("prompt", "a hat")
                .multiPart("image[]", "image.png", file, "image/png")
                .multiPart("image[]", "image.png", file, "image/png")
                .multiPart("background", "auto")
                .multiPart("response_format", "b64_json")
                .post("/v1/images/edits")
                .then()
                .statusCode(200)
                .body("data[0].b64_json", notNullValue())
                .body("warnings[0]", containsString("of 2 pictures the first is drawn anew"));
    }

    @Test
    void itsA1111EngineVerifiesListsDrawsAndReadsInfo() {
        for (String authorization : new String[] {"", "Basic Og==", "Basic nonsense"}) {
            client(authorization).get("/sdapi/v1/options").then().statusCode(200);
        }
        client("")
                .get("/sdapi/v1/sd-models")
                .then()
                .body("title", contains("fake"))
                .body("model_name", contains("fake"));
        client("").get("/sdapi/v1/options").then().body("sd_model_checkpoint", is("fake"));
        client("")
                .body("{\"prompt\":\"a red house\",\"batch_size\":2,\"width\":32,\"height\":32,\"steps\":3,"
                        + "\"negative_prompt\":\"\",\"cfg_scale\":2}")
                .post("/sdapi/v1/txt2img")
                .then()
                .statusCode(200)
                .body("images", hasSize(2))
                .body("info", notNullValue());
    }

    @Test
    void itSwitchesTheModelByEchoingTheWholeObject() {
        Map<String, Object> options =
                new HashMap<>(client("").get("/sdapi/v1/options").jsonPath().<String, Object>getMap(""));
        options.put("sd_model_checkpoint", "fake.safetensors [ababababab]");
        options.put("a_key_of_another_version", 1);

        client("")
                .body(options)
                .post("/sdapi/v1/options")
                .then()
                .statusCode(200)
                .body(is("null"));

        assertThat(client("").get("/sdapi/v1/options").path("sd_model_checkpoint"), is("fake"));
        options.put("sd_model_checkpoint", "nobody");
        client("")
                .body(options)
                .post("/sdapi/v1/options")
                .then()
                .statusCode(404)
                .body("detail", notNullValue());
    }

    private static RequestSpecification client(String authorization) {
        return given().baseUri(server.url()).contentType("application/json").header("Authorization", authorization);
    }
}
