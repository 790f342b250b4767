package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an image's file says of how it was drawn, and that it can be kept from saying it. */
final class MetadataTest {

    @TempDir
    private Path folder;

    private TestServer server;

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void aPngSaysItsSettingsInATextChunk() {
        start("true");

        assertThat(
                file("a red house", "png", Map.of(), StandardCharsets.ISO_8859_1),
                containsString("tEXtparameters\0a red house\nSteps: 4, Sampler: Euler, CFG scale: 3, Seed: 7,"));
        assertThat(
                file("maison ✿", "png", Map.of(), StandardCharsets.UTF_8),
                containsString("iTXtparameters\0\0\0\0\0maison ✿\nSteps: 4"));
    }

    @Test
    void aJpegSaysThemInItsExif() {
        start("true");

        assertThat(
                file("a red house", "jpeg", Map.of(), StandardCharsets.ISO_8859_1)
                        .replace("\0", ""),
                containsString("UNICODEa red house\nSteps: 4"));
    }

    @Test
    void aRequestCanKeepThemOut() {
        start("true");

        assertThat(
                file("a red house", "png", Map.of("metadata", false), StandardCharsets.ISO_8859_1),
                not(containsString("parameters")));
        assertThat(
                file("a red house", "jpeg", Map.of("metadata", false), StandardCharsets.ISO_8859_1),
                not(containsString("UNICODE")));
    }

    @Test
    void aServerCanKeepThemOutOfEveryImage() {
        start("false");

        assertThat(
                file("a red house", "png", Map.of("metadata", true), StandardCharsets.ISO_8859_1),
                not(containsString("parameters")));
    }

    private void start(String metadata) {
        ServerConfig config = TestServer.config(folder, Map.of("picture-metadata", metadata));
        server = TestServer.startWithFiles(config, FakePipeline.quick());
    }

    private String file(String prompt, String format, Map<String, Object> more, Charset charset) {
        Map<String, Object> body = new HashMap<>(more);
        body.put("prompt", prompt);
        body.put("seed", 7);
        body.put("output_format", format);
        byte[] bytes = given().contentType("application/json; charset=utf-8")
                .accept("image/" + format)
                .body(body)
                .post(server.url() + "/v1/images/generations")
                .then()
                .statusCode(200)
                .extract()
                .asByteArray();
        return new String(bytes, charset);
    }
}
