package dev.mobilediffusion.server.a1111;

import static dev.mobilediffusion.server.TestImages.base64;
import static dev.mobilediffusion.server.TestImages.noise;
import static dev.mobilediffusion.server.TestImages.whiteLeft;
import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.TestServer;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.awt.image.BufferedImage;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /sdapi/v1/img2img} on a model of 16x16 pixels. */
final class ImageToImageTest {

    private static final int SIDE = 16;
    private static final int GREY_200 = 0xffc8c8c8;

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    @BeforeEach
    void forget() {
        server.pipeline.forget();
    }

    @ParameterizedTest
    @CsvSource({"0, true", "1, false", "true, false"})
    void holdsEveryPixelOutsideTheMask(String invert, boolean left) {
        Response response = post("\"mask\":\"" + base64(whiteLeft(SIDE, SIDE))
                + "\",\"mask_blur\":0,\"inpaint_full_res\":0,\"inpainting_mask_invert\":" + invert);

        response.then().statusCode(200).body("images", hasSize(1)).body("parameters", not(hasKey("init_images")));
        BufferedImage drawn = image(response);
        BufferedImage sent = noise(SIDE, SIDE);
        for (int x = 0; x < SIDE; x++) {
            boolean anew = x < SIDE / 2 == left;
            assertThat("column " + x, drawn.getRGB(x, 5), is(anew ? GREY_200 : sent.getRGB(x, 5)));
        }
    }

    @Test
    void theInfotextTellsTheStrength() {
        assertThat(post("\"denoising_strength\":0.4").<String>path("info"), containsString("Denoising strength: 0.4"));
    }

    @Test
    void onlyMaskedKeepsTheImagesSize() {
        Response response = given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body("{\"prompt\":\"a\",\"seed\":200,\"init_images\":[\"" + base64(noise(48, 40)) + "\"],\"mask\":\""
                        + base64(whiteLeft(48, 40)) + "\",\"mask_blur\":0,\"inpaint_full_res\":true,"
                        + "\"inpaint_full_res_padding\":4,\"width\":16,\"height\":16}")
                .post("/sdapi/v1/img2img");

        BufferedImage drawn = image(response);
        assertThat(drawn.getWidth(), is(48));
        assertThat(drawn.getRGB(40, 20), is(noise(48, 40).getRGB(40, 20)));
        assertThat(drawn.getRGB(10, 20), is(GREY_200));
    }

    @Test
    void drawsTheWholeImageByA1111sDefaults() {
        post("\"batch_size\":2,\"include_init_images\":true,\"alwayson_scripts\":{}")
                .then()
                .statusCode(200)
                .body("images", hasSize(2))
                .body("parameters", hasKey("init_images"))
                .body("info", containsString("\"denoising_strength\":0.75"));
        SourceImage seen = server.pipeline.finished().getFirst().source().orElseThrow();
        assertThat(seen.strength(), is(0.75));
        assertThat(seen.isMasked(), is(false));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"denoising_strength\":2 | denoising_strength must be in [0, 1], got 2.0",
                "\"inpainting_fill\":4 | inpainting_fill must be in [0, 3], got 4",
                "\"resize_mode\":-1 | resize_mode must be in [0, 3], got -1",
                "\"mask_blur\":65 | mask_blur must be in [0, 64], got 65",
                "\"inpaint_full_res_padding\":300 | inpaint_full_res_padding must be in [0, 256], got 300",
                "\"mask\":\"AAAA\" | mask is no PNG, JPEG or WebP picture"
            })
    void whatIsWrongIsToldByA1111sNames(String field, String sentence) {
        post(field).then().statusCode(422).body("detail[0].msg", is(sentence));
    }

    @Test
    void withoutAnImageItAnswersAsA1111() {
        given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body("{\"prompt\":\"a\"}")
                .post("/sdapi/v1/img2img")
                .then()
                .statusCode(404)
                .body("detail", is("Init image not found"));
        Response tooLong = given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body("{\"init_images\":[\"" + "A".repeat(50 << 20) + "\"]}")
                .post("/sdapi/v1/img2img");
        assertThat(tooLong.statusCode(), is(413));
        assertThat(tooLong.asString(), containsString("the body must have at most 8388608 bytes, got 524288"));
    }

    private static Response post(String fields) {
        return given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body("{\"prompt\":\"a boat\",\"seed\":200,\"init_images\":[\"" + base64(noise(SIDE, SIDE)) + "\"],"
                        + fields + "}")
                .post("/sdapi/v1/img2img");
    }

    private static BufferedImage image(Response response) {
        return TestImages.read(Base64.getDecoder().decode(response.<String>path("images[0]")));
    }
}
