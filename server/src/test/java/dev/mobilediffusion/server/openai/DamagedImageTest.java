package dev.mobilediffusion.server.openai;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;

import dev.mobilediffusion.server.TestServer;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A stored image whose file was cut, altered or removed is refused with the reason, whichever way it is asked for. */
final class DamagedImageTest {

    private static final String KEY = "key";

    @RegisterExtension
    private final TestServer server = TestServer.quick();

    private String id;
    private Path file;
    private byte[] whole;

    @BeforeEach
    void draw() throws IOException {
        id = generate("{\"prompt\":\"a house\",\"seed\":7}")
                .then()
                .statusCode(200)
                .extract()
                .path("id");
        file = server.folder().resolve("data/pictures").resolve(id).resolve("0.png");
        whole = Files.readAllBytes(file);
    }

    @Test
    void byItsAddress() throws IOException {
        alter();
        refused(image(), "does not have the bytes that were written");
        refused(
                given().header("Range", "bytes=0-9").get(server.url() + "/v1/jobs/" + id + "/images/0"),
                "does not have the bytes that were written");
        Files.write(file, Arrays.copyOf(whole, 10));
        refused(image(), "its file has 10 bytes, 768 were written");
        Files.delete(file);
        refused(image(), "is not on the server's disk any more");
        Files.write(file, whole);
        assertThat(image().asByteArray(), is(whole));
    }

    @Test
    void byTheSameIdempotencyKey() throws IOException {
        alter();
        refused(generate("{\"prompt\":\"a house\",\"seed\":7}"), "does not have the bytes");
        refused(
                given().header("Idempotency-Key", KEY)
                        .header("Accept", "image/png")
                        .contentType("application/json")
                        .body("{\"prompt\":\"a house\",\"seed\":7}")
                        .post(server.url() + "/v1/images/generations"),
                "does not have the bytes");
    }

    @Test
    void asAnEvent() throws IOException {
        String body = "{\"prompt\":\"a boat\",\"stream\":true}";
        String key = "stream";
        String before = stream(body, key);
        assertThat(before, containsString("event: image_generation.completed"));
        String job = before.replaceAll("(?s).*\"id\":\"(job_[0-9a-z]+)\".*", "$1");
        Files.write(server.folder().resolve("data/pictures").resolve(job).resolve("0.png"), new byte[3]);

        assertThat(
                stream(body, key),
                allOf(
                        containsString("event: error"),
                        containsString("its file has 3 bytes"),
                        not(containsString("image_generation.completed"))));
    }

    private String stream(String body, String key) {
        return given().header("Idempotency-Key", key)
                .contentType("application/json")
                .body(body)
                .post(server.url() + "/v1/images/generations")
                .asString();
    }

    private Response generate(String body) {
        return given().header("Idempotency-Key", KEY)
                .contentType("application/json")
                .body(body)
                .post(server.url() + "/v1/images/generations");
    }

    private Response image() {
        return given().get(server.url() + "/v1/jobs/" + id + "/images/0");
    }

    private void alter() throws IOException {
        byte[] altered = whole.clone();
        altered[100] ^= 1;
        Files.write(file, altered);
    }

    private static void refused(Response response, String reason) {
        response.then()
                .statusCode(410)
                .body("error.code", is("gone"))
                .body("error.message", containsString(reason))
                .header("ETag", nullValue())
                .header("Cache-Control", not(containsString("immutable")));
    }
}
