package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.Lora;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How LoRAs come from requests to the model. What it does with them is tested with the runtime. */
final class LoraRequestsTest {

    private static final String GENERATIONS = "/v1/images/generations";

    @TempDir
    private Path folder;

    private TestServer server;

    @BeforeEach
    void start() throws IOException {
        Path loras = Files.createDirectories(folder.resolve("models").resolve("loras"));
        Files.writeString(loras.resolve("ink.safetensors"), "");
        Files.writeString(loras.resolve("neon night.safetensors"), "");
        server = TestServer.start(folder, Map.of());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void promptsNameThem() {
        post("/sdapi/v1/txt2img", "{\"prompt\":\"a boat <lora:neon night:0.8> at sea<lora:ink>\"}")
                .then()
                .statusCode(200);

        ImageRequest seen = server.pipeline.finished().getFirst();
        assertThat(seen.prompt(), is("a boat  at sea"));
        assertThat(seen.loras(), contains(new Lora("neon night", 0.8), new Lora("ink", 1)));
    }

    @Test
    void fieldsNameThem() {
        post(GENERATIONS, "{\"prompt\":\"a boat\",\"loras\":[{\"name\":\"ink\",\"weight\":-0.5},\"neon night\"]}")
                .then()
                .statusCode(200);

        assertThat(
                server.pipeline.finished().getFirst().loras(),
                contains(new Lora("ink", -0.5), new Lora("neon night", 1)));
    }

    @Test
    void jobsKeepThem() throws InterruptedException {
        String id = post("/v1/jobs", "{\"prompt\":\"a boat <lora:ink:2>\"}").path("id");
        while (!given().baseUri(server.url())
                .get("/v1/jobs/" + id)
                .path("status")
                .equals("succeeded")) {
            Thread.sleep(20);
        }

        assertThat(server.pipeline.finished().getFirst().loras(), is(List.of(new Lora("ink", 2))));
    }

    @Test
    void theyAreListed() {
        given().baseUri(server.url())
                .get("/sdapi/v1/loras")
                .then()
                .statusCode(200)
                .body("name", contains("ink", "neon night"));
        given().baseUri(server.url())
                .get("/v1/loras")
                .then()
                .statusCode(200)
                .body("data.id", contains("ink", "neon night"))
                .body("data[0].bytes", is(0))
                .body("data[0].fits", is(List.of()))
                .body("data[0].fault", containsString("ink"));
    }

    @Test
    void whatAPromptNamesAndIsNotThereIsLeftOut() {
        Response reply = post(GENERATIONS, "{\"prompt\":\"a boat <lora:oil:1> <hypernet:x:1>\"}");

        reply.then().statusCode(200);
        assertThat(reply.path("warnings").toString(), containsString("<lora:oil:1> <hypernet:x:1>"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"loras\":[\"oil\"]|loras|there is no LoRA \"oil\", only ink, neon night",
                "\"loras\":[{\"name\":\"ink\",\"weight\":11}]|loras|the weight of ink must be in [-10, 10], got 11.0",
                "\"loras\":{\"ink\":1}|loras|loras must be a list of objects with name and weight",
                "\"loras\":[7]|loras|loras must hold names",
                "\"loras\":[\"../ink\"]|loras|there is no LoRA",
            })
    void aWrongFieldIsRefused(String field, String param, String sentence) {
        post(GENERATIONS, "{\"prompt\":\"a boat\",%s}".formatted(field))
                .then()
                .statusCode(400)
                .body("error.param", is(param))
                .body("error.message", containsString(sentence));
    }

    @Test
    void aWeightInAPromptMustBeANumberInItsBounds() {
        post(GENERATIONS, "{\"prompt\":\"a <lora:ink:much>\"}")
                .then()
                .statusCode(400)
                .body("error.message", containsString("<lora:ink:much> has no number for its weight"));
        post(GENERATIONS, "{\"prompt\":\"a <lora:ink:NaN>\"}").then().statusCode(400);
    }

    private Response post(String path, String body) {
        return given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body(body)
                .post(path);
    }
}
