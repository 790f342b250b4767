package dev.mobilediffusion.server.edge;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.server.TestServer;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Half an emoji, as clients send that cut a text by its length: it becomes U+FFFD and never leaves as it came. */
final class HalfCharacterTest {

    @RegisterExtension
    private static final TestServer server = TestServer.quick();

    @ParameterizedTest
    @ValueSource(strings = {"\\ud83d", "\\ude00", "\\ude00\\ud83d", "a\\uD83Db"})
    void halvesAreReplaced(String half) {
        String drawn = draw("/v1/images/generations", "{\"prompt\":\"cat " + half + "\",\"seed\":1}");
        String echo = draw("/sdapi/v1/txt2img", "{\"prompt\":\"cat " + half + "\",\"more\":[\"" + half + "\"]}");

        assertThat(drawn, not(containsString("\\ud")));
        assertThat(echo.toLowerCase(Locale.ROOT), not(containsString("\\ud")));
        assertThat(echo, containsString("cat "));
        server.pipeline
                .finished()
                .forEach(request -> assertThat(request.prompt().contains("\ufffd"), is(true)));
    }

    @Test
    void aFieldsNameOfHalfACharacterIsRefused() {
        given().contentType("application/json")
                .body("{\"prompt\":\"cat\",\"\\ud83d\":1}")
                .post(server.url() + "/v1/images/generations")
                .then()
                .statusCode(400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\ud83d\\ude00", "😀", "é"})
    void wholeCharactersStay(String whole) {
        assertThat(draw("/sdapi/v1/txt2img", "{\"prompt\":\"cat " + whole + "\"}"), not(containsString("\ufffd")));
        server.pipeline.forget();
    }

    private static String draw(String path, String body) {
        return given().contentType("application/json; charset=utf-8")
                .body(body)
                .post(server.url() + path)
                .then()
                .log()
                .ifValidationFails()
                .statusCode(200)
                .extract()
                .asString();
    }
}
