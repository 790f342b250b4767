package dev.mobilediffusion.server.openai;

import static dev.mobilediffusion.server.TestImages.base64;
import static dev.mobilediffusion.server.TestImages.noise;
import static dev.mobilediffusion.server.TestImages.png;
import static dev.mobilediffusion.server.TestImages.transparentLeft;
import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.TestServer;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /v1/images/edits} and {@code variations} on a model of 16x16 pixels. */
final class EditRoutesTest {

    private static final String EDITS = "/v1/images/edits";
    private static final int SIDE = 16;
    private static final int GREY_200 = 0xffc8c8c8;

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    @BeforeEach
    void forget() {
        server.pipeline.forget();
    }

    @Test
    void aFormsImageIsDrawnAnewWhereTheMaskIsTransparent() {
        Response response = form().multiPart("image", "a.png", png(noise(SIDE, SIDE)), "image/png")
                .multiPart("mask", "m.png", png(transparentLeft(SIDE, SIDE)), "image/png")
                .multiPart("mask_blur", "0")
                .multiPart("strength", "0.4")
                .multiPart("input_fidelity", "high")
                .post(EDITS);

        response.then().statusCode(200).body("data", hasSize(1)).body("data[0].seed", is(200));
        requireLeftDrawn(response.path("data[0].b64_json"));
        SourceImage seen = server.pipeline.finished().getFirst().source().orElseThrow();
        assertThat(seen.strength(), is(0.4));
        assertThat(
                response.path("warnings").toString(), containsString("fields without an effect here: input_fidelity"));
    }

    @Test
    void jsonHoldsImagesInBase64BareOrAsDataUris() {
        String image = "data:image/png;base64," + base64(noise(SIDE, SIDE));
        for (String field : new String[] {
            "\"image\":\"" + image + "\"",
            "\"image\":[\"" + image + "\"]",
            "\"images\":[{\"image_url\":\"" + image + "\"}]"
        }) {
            Response response = json("{\"prompt\":\"a boat\",\"seed\":200,\"mask_blur\":0," + field + ",\"mask\":\""
                    + base64(transparentLeft(SIDE, SIDE)) + "\"}");

            response.then().statusCode(200);
            requireLeftDrawn(response.path("data[0].b64_json"));
        }
        for (ImageRequest seen : server.pipeline.finished()) {
            assertThat(seen.source().orElseThrow().strength(), is(0.8));
        }
    }

    @Test
    void ofManyImagesTheFirstCountsAndAWarningSaysSo() {
        form().multiPart("image[]", "a.png", png(noise(SIDE, SIDE)), "image/png")
                .multiPart("image[]", "b.png", png(noise(SIDE, SIDE)), "image/png")
                .multiPart("n", "2")
                .post(EDITS)
                .then()
                .statusCode(200)
                .body("data", hasSize(2))
                .body("warnings", hasItem("of 2 pictures the first is drawn anew; the others have no effect"));
    }

    @Test
    void aStreamSpeaksOfEdits() {
        String events = form().multiPart("image", "a.png", png(noise(SIDE, SIDE)), "image/png")
                .multiPart("stream", "true")
                .multiPart("partial_images", "1")
                .post(EDITS)
                .asString();

        assertThat(
                events,
                containsString("event: image_edit.partial_image\ndata: {\"type\":\"image_edit.partial_image\""));
        assertThat(events, containsString("event: image_edit.completed\ndata: {\"type\":\"image_edit.completed\""));
    }

    @Test
    void aVariationNeedsNoWords() {
        given().baseUri(server.url())
                .multiPart("image", "a.png", png(noise(SIDE, SIDE)), "image/png")
                .multiPart("n", "2")
                .multiPart("size", "32x32")
                .post("/v1/images/variations")
                .then()
                .statusCode(200)
                .body("data", hasSize(2))
                .body("size", is("32x32"));
        assertThat(server.pipeline.finished().getFirst().prompt(), is(""));
    }

    @Test
    void aJobDrawsItsImageAnewAndItsKeyKnowsTheImage() {
        RequestSpecification first = given().baseUri(server.url())
                .header("Idempotency-Key", "edit-1")
                .multiPart("prompt", "a boat")
                .multiPart("image", "a.png", png(noise(SIDE, SIDE)), "image/png");
        String id = first.post("/v1/jobs").then().statusCode(202).extract().path("id");

        given().baseUri(server.url())
                .header("Idempotency-Key", "edit-1")
                .multiPart("prompt", "a boat")
                .multiPart("image", "a.png", png(noise(SIDE, SIDE)), "image/png")
                .post("/v1/jobs")
                .then()
                .statusCode(202)
                .body("id", is(id));
        given().baseUri(server.url())
                .header("Idempotency-Key", "edit-1")
                .multiPart("prompt", "a boat")
                .multiPart("image", "a.png", png(transparentLeft(SIDE, SIDE)), "image/png")
                .post("/v1/jobs")
                .then()
                .statusCode(422)
                .body("error.code", is("idempotency_key_reused"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nothing | image | image is no PNG, JPEG or WebP picture",
                "bomb | image | image must have 1 to 4194304 pixels, got 100000x100000",
                "cut | image | image is damaged or cut off",
                "small mask | mask | mask must have the picture's size, 16x16, got 8x8",
                "black mask | mask | mask marks nothing: it must be transparent, or white, where",
                "strength | strength | strength must be in [0, 1], got 1.5",
                "blur | mask_blur | mask_blur must be in [0, 64], got 65"
            })
    void whatIsWrongIsToldByFieldAndBound(String wrong, String param, String sentence) {
        byte[] image = png(noise(SIDE, SIDE));
        RequestSpecification form = form();
        byte[] sent =
                switch (wrong) {
                    case "nothing" -> "no picture".getBytes(StandardCharsets.UTF_8);
                    case "bomb" -> withHeader(image, 100_000, 100_000);
                    case "cut" -> Arrays.copyOf(image, image.length / 2);
                    default -> image;
                };
        form.multiPart("image", "a.png", sent, "image/png");
        switch (wrong) {
            case "small mask" -> form.multiPart("mask", "m.png", png(transparentLeft(8, 8)), "image/png");
            case "black mask" ->
                form.multiPart(
                        "mask", "m.png", png(new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB)), "image/png");
            case "strength" -> form.multiPart("strength", "1.5");
            case "blur" -> form.multiPart("mask_blur", "65");
            default -> {}
        }

        form.post(EDITS)
                .then()
                .statusCode(400)
                .body("error.param", is(param))
                .body("error.message", containsString(sentence));
        assertThat(server.queue().depth(), is(0));
    }

    @Test
    void whatIsMissingOrTooLongIsTold() {
        form().post(EDITS).then().statusCode(400).body("error.message", containsString("image is missing"));
        json("{\"prompt\":\"a\",\"mask\":\"AAAA\"}")
                .then()
                .statusCode(400)
                .body("error.message", is("image is missing; a mask marks a part of one"));
        json("{\"prompt\":\"a\",\"image\":\"https://example.org/a.png\"}")
                .then()
                .statusCode(400)
                .body("error.message", containsString("the server fetches no links"));
        json("{\"prompt\":\"a\",\"image\":\"%%%\"}").then().statusCode(400);
        given().baseUri(server.url())
                .multiPart("prompt", "a boat")
                .multiPart("image", "a.png", new byte[9 << 20], "image/png")
                .post(EDITS)
                .then()
                .statusCode(413)
                .body("error.message", containsString("8388608 bytes"));
    }

    @Test
    void aFormThatIsCutOffIsTold() {
        given().baseUri(server.url())
                .contentType("multipart/form-data; boundary=x")
                .body("--x\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na boat"
                        .getBytes(StandardCharsets.UTF_8))
                .post(EDITS)
                .then()
                .statusCode(400)
                .body("error.message", is("the form is cut off: its last boundary is missing"));
    }

    private static RequestSpecification form() {
        return given().baseUri(server.url()).multiPart("prompt", "a boat").multiPart("seed", "200");
    }

    private static Response json(String body) {
        return given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body(body)
                .post(EDITS);
    }

    private static void requireLeftDrawn(String base64) {
        BufferedImage drawn = TestImages.read(Base64.getDecoder().decode(base64));
        BufferedImage sent = noise(SIDE, SIDE);
        for (int x = 0; x < SIDE; x++) {
            assertThat("column " + x, drawn.getRGB(x, 5), is(x < SIDE / 2 ? GREY_200 : sent.getRGB(x, 5)));
        }
    }

    /** A PNG whose header tells of other sides, with the header's checksum. */
    private static byte[] withHeader(byte[] png, int width, int height) {
        byte[] forged = png.clone();
        java.nio.ByteBuffer.wrap(forged, 16, 8).putInt(width).putInt(height);
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        crc.update(forged, 12, 17);
        java.nio.ByteBuffer.wrap(forged, 29, 4).putInt((int) crc.getValue());
        return forged;
    }
}
