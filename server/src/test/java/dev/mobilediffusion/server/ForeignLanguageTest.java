package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;

import io.restassured.response.Response;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A machine whose people write ۵۱۲: files, headers and messages still say 512, or nobody could read them back. */
final class ForeignLanguageTest {

    @TempDir
    private Path folder;

    private final Locale before = Locale.getDefault();

    @AfterEach
    void speakAsBefore() {
        Locale.setDefault(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fa-IR", "ar-EG-u-nu-arab", "bn-BD", "mr-IN", "ps-AF", "tr-TR", "th-TH-u-nu-thai"})
    void numbersForMachinesStayInLatinDigits(String language) {
        Locale.setDefault(Locale.forLanguageTag(language));
        try (TestServer server = TestServer.startWithFiles(TestServer.config(folder), FakePipeline.quick())) {
            Response image = post(server, "image/png", Map.of("prompt", "a house", "seed", 7));
            assertThat(
                    new String(image.asByteArray(), StandardCharsets.ISO_8859_1),
                    containsString("Seed: 7, Size: 16x16,"));
            assertThat(image.header("Server-Timing"), matchesPattern("[ -~]+"));
            assertThat(
                    post(server, "application/json", Map.of("prompt", "a", "n", 77))
                            .asString(),
                    containsString("got 77"));
            assertThat(
                    post(server, "application/json", Map.of("prompt", "a", "size", "512x512"))
                            .path("warnings[0]"),
                    is("512x512 was made from the model's own 16x16"));
            assertThat(partOf(server), matchesPattern("bytes 1-3/\\d+"));
        }
    }

    private static Response post(TestServer server, String accept, Map<String, Object> body) {
        return given().contentType("application/json")
                .accept(accept)
                .body(body)
                .post(server.url() + "/v1/images/generations");
    }

    private static String partOf(TestServer server) {
        String url = given().contentType("application/json")
                .body(Map.of("prompt", "kept", "response_format", "url"))
                .post(server.url() + "/v1/images/generations")
                .path("data[0].url");
        return given().header("Range", "bytes=1-3").get(url).header("Content-Range");
    }
}
