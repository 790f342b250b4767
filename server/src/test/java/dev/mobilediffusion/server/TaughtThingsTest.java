package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.server.models.ModelRegistry;
import dev.mobilediffusion.server.models.PipelineLoader;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Things taught over HTTP, on a real server with a bundle of random weights that has a visual memory. */
final class TaughtThingsTest {

    private static final Path RESOURCES = Path.of("..", "runtime", "src", "test", "resources");
    private static final String MODEL = "/v1/models/tiny-memory";
    private static final String CONCEPTS = MODEL + "/concepts";

    @TempDir
    private Path folder;

    private ImageServer server;

    @BeforeEach
    void start() {
        ServerConfig config = TestServer.config(
                folder, Map.of("models", RESOURCES.resolve("bundles").toString()));
        RuntimeOptions options = RuntimeOptions.defaults().withConcepts(UserFolders.concepts(config.data()));
        ModelRegistry models = ModelRegistry.open(
                config.models(), Optional.of("tiny-memory"), new PipelineLoader(options), bundle -> 0, Long.MAX_VALUE);
        server = ImageServer.start(config, models, new FileEncoder(false), FileEncoder.formats(), TestServer.DEVICE);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void whatIsTaughtIsDrawnListedAndKnownAtOnceAndAfterANewStart() {
        byte[] before = draw("a zorb");

        teach("Zorb", "gizmo, gadget")
                .then()
                .statusCode(201)
                .header("Location", CONCEPTS + "/zorb")
                .body("id", is("zorb"))
                .body("names", is(List.of("zorb", "gizmo", "gadget")))
                .body("replaced", is(false))
                .body("ground", is("transparent"));

        byte[] taught = draw("a zorb");
        assertThat(taught, is(not(before)));
        get(MODEL)
                .then()
                .body("groups.'taught here'", is(List.of("zorb", "gizmo", "gadget")))
                .body("known_words", hasItems("zorb", "zorbs", "cat"));
        get(CONCEPTS).then().body("data.id", is(List.of("zorb")));
        get(CONCEPTS + "/zorb/picture").then().statusCode(200).contentType("image/png");
        server.close();
        start();
        assertThat(draw("a zorb"), is(taught));

        given().delete(server.url() + CONCEPTS + "/zorb").then().statusCode(204);

        assertThat(draw("a zorb"), is(before));
        get(CONCEPTS).then().body("data", is(empty()));
        get(MODEL).then().body("groups.'taught here'", is(nullValue()));
        given().delete(server.url() + CONCEPTS + "/zorb")
                .then()
                .statusCode(404)
                .body("error.message", containsString("was taught no such thing"));
    }

    @Test
    void jsonTeachesAsAFormDoes() throws IOException {
        given().contentType(ContentType.JSON)
                .body(Map.of(
                        "name",
                        "captain zorb",
                        "names",
                        List.of("gizmo"),
                        "image",
                        Base64.getEncoder().encodeToString(zorb())))
                .post(server.url() + CONCEPTS)
                .then()
                .statusCode(201)
                .body("names", is(List.of("captain zorb", "gizmo")))
                .body("picture", is(CONCEPTS + "/captain%20zorb/picture"));

        get(CONCEPTS + "/captain zorb/picture").then().statusCode(200);
        given().delete(server.url() + CONCEPTS + "/captain zorb").then().statusCode(204);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tiny-memory | cat     | ''    | 400 | name  | name 'cat' already means something to the model",
                "tiny-memory | zorb    | a,b(c | 400 | names | names must be words of letters and digits",
                "tiny-flow   | zorb    | ''    | 400 | model | the model tiny-flow has no visual memory",
                "nowhere     | zorb    | ''    | 404 | model | there is no such model"
            })
    void whatCannotBeTaughtIsRefused(String model, String name, String names, int status, String param, String sentence)
            throws IOException {
        given().multiPart("name", name)
                .multiPart("names", names)
                .multiPart("image", "zorb.png", zorb())
                .post(server.url() + "/v1/models/" + model + "/concepts")
                .then()
                .statusCode(status)
                .body("error.param", is(param))
                .body("error.message", containsString(sentence));

        get(CONCEPTS).then().body("data", is(empty()));
    }

    @Test
    void aPictureMustBeOne() {
        given().multiPart("name", "zorb")
                .multiPart("image", "zorb.png", new byte[] {1, 2, 3})
                .post(server.url() + CONCEPTS)
                .then()
                .statusCode(400)
                .body("error.param", is("image"))
                .body("error.message", is("image is no PNG, JPEG or WebP picture"));
        given().multiPart("name", "zorb")
                .post(server.url() + CONCEPTS)
                .then()
                .statusCode(400)
                .body("error.message", is("image must be one PNG, JPEG or WebP file, got 0 of them"));
        given().contentType(ContentType.JSON)
                .body("{\"image\":\"iVBORw0KGgo=\"}")
                .post(server.url() + CONCEPTS)
                .then()
                .statusCode(400)
                .body("error.param", is("name"));
    }

    private Response teach(String name, String names) {
        try {
            return given().multiPart("name", name)
                    .multiPart("names", names)
                    .multiPart("image", "zorb.png", zorb())
                    .post(server.url() + CONCEPTS);
        } catch (IOException unreadable) {
            throw new java.io.UncheckedIOException(unreadable);
        }
    }

    private static byte[] zorb() throws IOException {
        return Files.readAllBytes(RESOURCES.resolve("goldens/pictures/zorb.png"));
    }

    private Response get(String path) {
        return given().get(server.url() + path);
    }

    private byte[] draw(String prompt) {
        return given().contentType(ContentType.JSON)
                .accept("image/png")
                .body(Map.of("prompt", prompt, "seed", 7, "size", "128x128"))
                .post(server.url() + "/v1/images/generations")
                .then()
                .statusCode(200)
                .extract()
                .asByteArray();
    }
}
