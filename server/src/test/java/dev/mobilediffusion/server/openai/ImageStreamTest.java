package dev.mobilediffusion.server.openai;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

/** Streams, files and failures of the API of OpenAI. */
final class ImageStreamTest extends ImageRoutesFixture {

    @Test
    void acceptImageGivesTheImageItselfWithItsSeedInAHeader() {
        byte[] image = given(client)
                .accept("image/png")
                .body("{\"prompt\":\"a xyzzy\",\"seed\":9}")
                .post(PATH)
                .then()
                .statusCode(200)
                .contentType("image/png")
                .header("X-Seed", "9")
                .header("X-Warning", "unknown word: xyzzy")
                .header("Server-Timing", containsString("unet;dur=30.000"))
                .extract()
                .asByteArray();

        assertThat(image.length, is(16 * 16 * 3));
        assertThat(image[0], is((byte) 9));
    }

    @Test
    void theAcceptWithTheHighestQualityWins() {
        given(client)
                .accept("application/json;q=0.5, image/jpeg;q=0.9")
                .body("{\"prompt\":\"a\"}")
                .post(PATH)
                .then()
                .contentType("image/jpeg");
        given(client)
                .accept("text/html, */*;q=0.8")
                .body("{\"prompt\":\"a\"}")
                .post(PATH)
                .then()
                .contentType("application/json");
    }

    @Test
    void theImageItselfCanOnlyBeOne() {
        given(client)
                .accept("image/png")
                .body("{\"prompt\":\"a\",\"n\":2}")
                .post(PATH)
                .then()
                .statusCode(400)
                .body("error.param", is("n"));
    }

    @Test
    void aLinkLeadsToTheImage() {
        String url = post("{\"prompt\":\"a\",\"seed\":3,\"response_format\":\"url\"}")
                .then()
                .statusCode(200)
                .body("data[0]", not(hasKey("b64_json")))
                .extract()
                .path("data[0].url");

        assertThat(given().get(url).asByteArray()[0], is((byte) 3));
    }

    @Test
    void aStreamEndsInOpenAisCompletedEvents() {
        String events = post("{\"prompt\":\"a\",\"seed\":3,\"stream\":true}")
                .then()
                .statusCode(200)
                .contentType(startsWith("text/event-stream"))
                .extract()
                .asString();

        assertThat(events, startsWith(": "));
        assertThat(
                events,
                containsString("event: image_generation.completed\ndata: {\"type\":"
                        + "\"image_generation.completed\",\"b64_json\":\""));
        assertThat(events, containsString("\"seed\":3"));
    }

    @Test
    void aStreamShowsAsManyPartialImagesAsWereAskedForAndTheStepsAllow() {
        String four = post("{\"prompt\":\"a\",\"stream\":true,\"partial_images\":2,\"size\":\"32x32\"}")
                .asString();

        assertThat(four.split("event: image_generation.partial_image\ndata: ", -1).length - 1, is(2));
        assertThat(four, containsString("\"partial_image_index\":0,\"created_at\":"));
        assertThat(four, containsString("\"partial_image_index\":1,\"created_at\":"));
        assertThat(four, containsString("\"size\":\"32x32\""));
        assertThat(
                "the first partial image has the size and colour of what the model saw at step 2",
                four,
                containsString("\"b64_json\":\"" + base64(32 * 32 * 3, -1 - 2) + "\",\"partial_image_index\":0"));
        assertThat(
                post("{\"prompt\":\"a\",\"stream\":true,\"partial_images\":3,\"steps\":1}")
                        .asString(),
                not(containsString("partial_image")));
    }

    @Test
    void aStreamTellsAFailureAsAnErrorEvent() {
        String events = post("{\"prompt\":\"boom\",\"stream\":true}").asString();

        assertThat(events, containsString("event: error\ndata: {\"error\":{\"message\":\"the model failed"));
        assertThat(events, not(containsString("secret")));
    }

    private static String base64(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return Base64.getEncoder().encodeToString(bytes);
    }
}
