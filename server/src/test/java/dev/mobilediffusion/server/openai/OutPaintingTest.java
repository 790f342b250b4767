package dev.mobilediffusion.server.openai;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;

import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.TestServer;
import java.awt.image.BufferedImage;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What OpenAI's clients do to draw beyond a picture's edges: its place on a larger canvas, transparent all around, sent as
 * the image of an edit without a mask. On a model of 16x16 pixels.
 */
final class OutPaintingTest {

    private static final int WIDTH = 48;
    private static final int HEIGHT = 32;
    private static final int BORDER = 8;

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    @BeforeEach
    void forget() {
        server.pipeline.forget();
    }

    @Test
    void whatIsTransparentIsDrawnAndTheRestStaysAsItIs() {
        BufferedImage canvas = canvas();
        String file = given().baseUri(server.url())
                .multiPart("image", "canvas.png", TestImages.png(canvas), "image/png")
                .multiPart("prompt", "a house")
                .multiPart("size", WIDTH + "x" + HEIGHT)
                .multiPart("seed", "200")
                .multiPart("mask_blur", "0")
                .post("/v1/images/edits")
                .then()
                .statusCode(200)
                .extract()
                .path("data[0].b64_json");

        BufferedImage drawn = TestImages.read(Base64.getDecoder().decode(file));
        assertThat(drawn.getWidth() + "x" + drawn.getHeight(), is(WIDTH + "x" + HEIGHT));
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int wanted = isInside(x, y) ? canvas.getRGB(x, y) : 0xffc8c8c8; // the fake's colour of seed 200
                assertThat("pixel %s, %s".formatted(x, y), drawn.getRGB(x, y), is(wanted));
            }
        }
        SourceImage seen = server.pipeline.finished().getFirst().source().orElseThrow();
        assertThat(seen.isMasked(), is(true));
        assertThat("the middle is held", seen.mask()[8 * 16 + 8], is((byte) 0));
        assertThat("the corner is drawn", seen.mask()[0], is((byte) 255));
    }

    @Test
    void noWhiteOfTheTransparencyIsLeftAtTheEdge() {
        BufferedImage canvas = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_ARGB);
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            canvas.setRGB(i % WIDTH, i / WIDTH, isInside(i % WIDTH, i / WIDTH) ? 0xff000000 : 0);
        }
        String file = given().baseUri(server.url())
                .multiPart("image", "canvas.png", TestImages.png(canvas), "image/png")
                .multiPart("prompt", "a house")
                .multiPart("size", WIDTH + "x" + HEIGHT)
                .multiPart("seed", "200")
                .post("/v1/images/edits")
                .then()
                .statusCode(200)
                .extract()
                .path("data[0].b64_json");

        BufferedImage drawn = TestImages.read(Base64.getDecoder().decode(file));
        int lightest = 0;
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            lightest = Math.max(lightest, drawn.getRGB(i % WIDTH, i / WIDTH) & 0xff);
        }
        assertThat("between black and what was drawn", lightest, is(lessThanOrEqualTo(200)));
        SourceImage seen = server.pipeline.finished().getFirst().source().orElseThrow();
        assertThat(
                "the border starts from the colours beside it",
                (int) seen.image().rgb()[0],
                is(0));
    }

    private static boolean isInside(int x, int y) {
        return x >= BORDER && x < WIDTH - BORDER && y >= BORDER && y < HEIGHT - BORDER;
    }

    private static BufferedImage canvas() {
        BufferedImage canvas = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_ARGB);
        canvas.createGraphics()
                .drawImage(TestImages.noise(WIDTH - 2 * BORDER, HEIGHT - 2 * BORDER), BORDER, BORDER, null);
        return canvas;
    }
}
