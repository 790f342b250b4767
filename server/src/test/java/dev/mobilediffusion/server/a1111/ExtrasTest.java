package dev.mobilediffusion.server.a1111;

import static dev.mobilediffusion.server.TestImages.base64;
import static dev.mobilediffusion.server.TestImages.noise;
import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.TestServer;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.awt.image.BufferedImage;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A1111's extras, on a server without upscaling networks. */
final class ExtrasTest {

    private static final String ONE = "/sdapi/v1/extra-single-image";
    private static final String MANY = "/sdapi/v1/extra-batch-images";

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    @Test
    void anImageComesBackLargerByAFactor() {
        BufferedImage larger = image("\"upscaler_1\":\"Lanczos\",\"upscaling_resize\":4");

        assertThat(larger.getWidth(), is(80));
        assertThat(larger.getHeight(), is(40));
    }

    @Test
    void orAtASizeCroppedOrNot() {
        String size =
                "\"resize_mode\":1,\"upscaling_resize_w\":60,\"upscaling_resize_h\":60,\"upscaler_1\":\"lanczos\"";

        assertThat(image(size).getWidth(), is(60));
        BufferedImage whole = image(size + ",\"upscaling_crop\":false");
        assertThat(whole.getWidth(), is(120));
        assertThat(whole.getHeight(), is(60));
    }

    @Test
    void withoutAnUpscalerTheImageStaysAsItIs() {
        BufferedImage same = image("\"upscaler_1\":\"None\",\"upscaling_resize\":4,\"gfpgan_visibility\":1");

        assertThat(same.getWidth(), is(20));
        assertThat(same.getRGB(3, 4), is(noise(20, 10).getRGB(3, 4)));
    }

    @Test
    void manyImagesComeBackInOrder() {
        json(
                        MANY,
                        "{\"upscaler_1\":\"Lanczos\",\"imageList\":[{\"data\":\"%s\",\"name\":\"a\"},{\"data\":\"%s\",\"name\":\"b\"}]}"
                                .formatted(base64(noise(20, 10)), base64(noise(8, 8))))
                .then()
                .statusCode(200)
                .body("images", hasSize(2));
    }

    @Test
    void upscalersAreListed() {
        given().baseUri(server.url())
                .get("/sdapi/v1/upscalers")
                .then()
                .statusCode(200)
                .body("name", contains("None", "Lanczos"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"upscaler_1\":\"R-ESRGAN 4x+\"|upscaler_1|upscaler_1 must be one of Lanczos, got",
                "\"upscaler_1\":\"Lanczos\",\"upscaling_resize\":0|upscaling_resize|in (0, 8], got 0",
                "\"extras_upscaler_2_visibility\":2|extras_upscaler_2_visibility|in [0, 1], got 2",
                "\"upscaler_1\":\"Lanczos\",\"resize_mode\":1,\"upscaling_resize_w\":0|upscaling_resize_w|at least 1,"
                        + " got 0 x 512",
                "\"upscaler_1\":\"Lanczos\",\"resize_mode\":1,\"upscaling_resize_h\":9000|upscaling_resize_w|4194304"
                        + " pixels",
            })
    void aWrongValueIsRefusedByItsField(String fields, String field, String sentence) {
        json(ONE, "{\"image\":\"%s\",%s}".formatted(base64(noise(20, 10)), fields))
                .then()
                .statusCode(422)
                .body("detail[0].loc", hasItem(field))
                .body("detail[0].msg", containsString(sentence));
    }

    @Test
    void whatHoldsNoImageIsRefused() {
        json(ONE, "{\"upscaler_1\":\"Lanczos\"}").then().statusCode(422);
        json(MANY, "{\"upscaler_1\":\"Lanczos\",\"imageList\":{}}").then().statusCode(422);
        json(MANY, "{\"upscaler_1\":\"Lanczos\",\"imageList\":[7]}").then().statusCode(422);
        json(MANY, "{\"upscaler_1\":\"Lanczos\",\"imageList\":[{\"data\":\"bm8gcGljdHVyZQ==\"}]}")
                .then()
                .statusCode(422)
                .body("detail[0].loc", hasItem("imageList"));
    }

    private static BufferedImage image(String fields) {
        Response response = json(ONE, "{\"image\":\"%s\",%s}".formatted(base64(noise(20, 10)), fields));
        response.then().statusCode(200);
        return TestImages.read(Base64.getDecoder().decode(response.<String>path("image")));
    }

    private static Response json(String path, String body) {
        return given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body(body)
                .post(path);
    }
}
