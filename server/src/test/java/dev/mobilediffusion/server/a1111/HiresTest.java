package dev.mobilediffusion.server.a1111;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.server.TestServer;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The hires fix of {@code /sdapi/v1/txt2img} on a model of 16x16 pixels. */
final class HiresTest {

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    @BeforeEach
    void forget() {
        server.pipeline.takeAnyText(true);
        server.pipeline.forget();
    }

    @Test
    void theSecondPassDrawsTheLargerImageAnewInTiles() throws IOException {
        Response reply = txt2img("""
            {"prompt":"a house","seed":7,"steps":6,"enable_hr":true,"hr_scale":2,"hr_upscaler":"Lanczos",
             "hr_second_pass_steps":3,"denoising_strength":0.4}\
            """);

        JsonPath info = info(reply);
        assertThat(List.of(info.getInt("width"), info.getInt("height")), is(List.of(32, 32)));
        assertThat(info.getDouble("denoising_strength"), is(0.4));
        assertThat(
                info.getString("infotexts[0]"),
                containsString(
                        "Denoising strength: 0.4, Hires resize: 32x32, Hires steps: 3, Hires upscaler: Lanczos"));
        assertThat(info.getList("warnings"), is(empty()));
        List<ImageRequest> drawn = server.pipeline.finished();
        assertThat(drawn, hasSize(1 + 9));
        assertThat(drawn.getFirst().steps(), is(OptionalInt.of(6)));
        assertThat(drawn.getFirst().source(), is(Optional.empty()));
        ImageRequest tile = drawn.getLast();
        assertThat(tile.steps(), is(OptionalInt.of(3)));
        assertThat(tile.source().map(SourceImage::strength), is(Optional.of(0.4)));
        assertThat(ImageIO.read(file(reply)).getWidth(), is(32));
    }

    @Test
    void withoutOtherWordsItIsA1111s() {
        JsonPath info = info(txt2img("{\"prompt\":\"a\",\"enable_hr\":true}"));

        assertThat(info.getInt("width"), is(32));
        assertThat(info.getDouble("denoising_strength"), is(0.75));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        "hr_scale":1.5,"width":32,"height":16 | 48x24
        "hr_resize_x":64,"hr_resize_y":0      | 64x64
        "hr_resize_x":40,"hr_resize_y":20     | 40x20
        "hr_scale":1                          | 16x16
        """)
    void theSizeIsThatOfTheSecondPass(String fields, String size) {
        JsonPath info =
                info(txt2img("{\"prompt\":\"a\",\"enable_hr\":true,\"denoising_strength\":0,%s}".formatted(fields)));

        assertThat(info.getInt("width") + "x" + info.getInt("height"), is(size));
        assertThat(server.pipeline.finished(), hasSize(1));
    }

    @ParameterizedTest
    @CsvSource({"Latent", "Latent (nearest-exact)", "None", "Nearest", "lanczos"})
    void a1111sOwnUpscalersHaveTheirLikes(String name) {
        String body = "{\"prompt\":\"a\",\"enable_hr\":true,\"hr_upscaler\":\"%s\"}".formatted(name);

        assertThat(info(txt2img(body)).getList("warnings"), is(empty()));
    }

    @Test
    void anUnknownUpscalerIsReplacedAndSaidSo() {
        JsonPath info = info(txt2img("{\"prompt\":\"a\",\"enable_hr\":true,\"hr_upscaler\":\"R-ESRGAN 4x+\"}"));

        assertThat(info.getList("warnings"), contains("there is no such upscaler, so Lanczos enlarged the picture"));
    }

    @Test
    void aModelOfWholeScenesOnlyEnlarges() {
        server.pipeline.takeAnyText(false);

        JsonPath info = info(txt2img("{\"prompt\":\"a\",\"enable_hr\":true}"));

        assertThat(info.getInt("width"), is(32));
        assertThat(server.pipeline.finished(), hasSize(1));
        assertThat(info.getString("warnings[0]"), containsString("the second pass only enlarged the picture"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        "denoising_strength":1.5   | denoising_strength must be in [0, 1], got 1.5
        "hr_second_pass_steps":151 | hr_second_pass_steps must be in [0, 150], got 151
        "hr_scale":200             | hr_scale must give pictures of [16, 2048] pixels a side, got 3200 x 3200
        "hr_scale":0               | hr_scale must give pictures of [16, 2048] pixels a side, got 0 x 0
        """)
    void refusesWhatIsOutOfBounds(String field, String sentence) {
        Response reply = txt2img("{\"prompt\":\"a\",\"enable_hr\":true,%s}".formatted(field));

        reply.then().statusCode(422);
        assertThat(reply.asString(), containsString(sentence));
    }

    private static JsonPath info(Response reply) {
        reply.then().statusCode(200);
        return new JsonPath(reply.<String>path("info"));
    }

    private static ByteArrayInputStream file(Response reply) {
        return new ByteArrayInputStream(Base64.getDecoder().decode(reply.<String>path("images[0]")));
    }

    private static Response txt2img(String body) {
        return given().contentType("application/json; charset=utf-8")
                .body(body)
                .post(server.url() + "/sdapi/v1/txt2img");
    }
}
