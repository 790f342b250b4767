package dev.mobilediffusion.server.openai;

import static dev.mobilediffusion.server.TestImages.base64;
import static dev.mobilediffusion.server.TestImages.noise;
import static dev.mobilediffusion.server.TestImages.png;
import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.TestServer;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /v1/images/upscale} on a server without upscaling networks; those are tested with the runtime. */
final class UpscaleRoutesTest {

    private static final String PATH = "/v1/images/upscale";

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    @Test
    void aFormsImageComesBackLarger() {
        Response response = given().baseUri(server.url())
                .multiPart("image", "a.png", png(noise(20, 10)), "image/png")
                .multiPart("scale", "3")
                .post(PATH);

        response.then().statusCode(200).body("size", is("60x30")).body("upscaler", is("Lanczos"));
        BufferedImage larger = TestImages.read(Base64.getDecoder().decode(response.<String>path("data[0].b64_json")));
        assertThat(larger.getWidth(), is(60));
        assertThat(larger.getHeight(), is(30));
    }

    @Test
    void theImageItselfIsSentToWhomAcceptsIt() {
        Response response = given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .accept("image/jpeg")
                .body("{\"image\":\"%s\"}".formatted(base64(noise(20, 10))))
                .post(PATH);

        response.then().statusCode(200).contentType("image/jpeg");
        assertThat(TestImages.read(response.asByteArray()).getWidth(), is(40));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"scale\":9|scale|scale must be in [1, 8], got 9.0",
                "\"scale\":0.5|scale|got 0.5",
                "\"upscaler\":\"ESRGAN\"|upscaler|upscaler must be one of Lanczos, got \"ESRGAN\"",
                "\"output_format\":\"gif\"|output_format|png, jpeg or webp",
                "\"output_compression\":101|output_compression|[0, 100], got 101",
            })
    void aWrongValueIsRefusedByItsField(String field, String param, String sentence) {
        given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body("{\"image\":\"%s\",%s}".formatted(base64(noise(20, 10)), field))
                .post(PATH)
                .then()
                .statusCode(400)
                .body("error.param", is(param))
                .body("error.message", containsString(sentence));
    }

    @Test
    void whatIsNoImageOrWouldBeTooLargeIsRefused() {
        refused(png(noise(512, 512)), "scale", "scale must give 1 to 4194304 pixels, got 4096 x 4096");
        refused("no picture".getBytes(StandardCharsets.UTF_8), "image", "image");
        given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body("{}")
                .post(PATH)
                .then()
                .statusCode(400)
                .body("error.message", containsString("got 0 of them"));
        given().baseUri(server.url()).get(PATH).then().statusCode(405);
    }

    private static void refused(byte[] file, String param, String sentence) {
        given().baseUri(server.url())
                .multiPart("image", "a.png", file, "image/png")
                .multiPart("scale", "8")
                .post(PATH)
                .then()
                .statusCode(400)
                .body("error.param", is(param))
                .body("error.message", containsString(sentence));
    }
}
