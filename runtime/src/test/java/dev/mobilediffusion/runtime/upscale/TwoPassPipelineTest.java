package dev.mobilediffusion.runtime.upscale;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.TinyBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TwoPassPipelineTest {

    private static final SecondPass ENLARGED = pass(128, 128, 0);
    private static final SecondPass REDRAWN = pass(128, 128, 0.4);

    @TempDir
    private Path folder;

    @Test
    void tilesThatChangeNothingLeaveTheEnlargedImageAsItIs() {
        Painter painter = new Painter(List.of(), UnaryOperator.identity());

        byte[] enlarged = draw(painter, true, ENLARGED).rgb();
        assertThat(painter.asked, hasSize(1));
        byte[] redrawn = draw(painter, true, REDRAWN).rgb();

        assertThat(painter.asked, hasSize(1 + 1 + 9));
        assertThat("every tile back in its place", redrawn, is(enlarged));
    }

    @Test
    void tilesFadeIntoEachOther() {
        int[] tile = {0};
        GeneratedImage image = draw(new Painter(List.of(), seen -> plain(++tile[0] % 2 * 200)), true, REDRAWN);

        int steepest = 0;
        for (int y = 0; y < 128; y++) {
            for (int x = 1; x < 128; x++) {
                steepest = Math.max(steepest, Math.abs(level(image, x, y) - level(image, x - 1, y)));
            }
        }
        assertThat("over an overlap of 32 pixels", steepest, is(lessThanOrEqualTo(200 / 32 + 1)));
        assertThat("the last tile is whole at its far corner", level(image, 127, 127), is(200));
    }

    @Test
    void aTileStartsFromWhatItsNeighboursHaveBecome() {
        List<RgbImage> seen = new ArrayList<>();
        draw(
                new Painter(List.of(), image -> {
                    seen.add(image);
                    return plain(7);
                }),
                true,
                REDRAWN);

        assertThat((int) seen.get(1).rgb()[0], is(7));
    }

    @Test
    void tilesAreDrawnAtTheStrengthWithNoiseOfTheirOwnAndWithoutLines() {
        Painter painter = new Painter(List.of(), UnaryOperator.identity());
        ControlImage lines = new ControlImage(plain(0), 1, Optional.empty(), Optional.empty());
        SecondPass pass = new SecondPass(128, 64, "", 0.4, OptionalInt.of(5));

        GeneratedImage image =
                draw(painter, true, ImageRequest.of("a", 7).withControl(lines).withSecondPass(Optional.of(pass)));

        assertThat(painter.asked.getFirst().control(), is(Optional.of(lines)));
        List<ImageRequest> tiles = painter.asked.subList(1, painter.asked.size());
        assertThat(tiles.stream().map(ImageRequest::seed).toList(), contains(8L, 9L, 10L));
        for (ImageRequest tile : tiles) {
            assertThat(tile.control(), is(Optional.empty()));
            assertThat(tile.steps(), is(OptionalInt.of(5)));
            assertThat(tile.source().map(SourceImage::strength), is(Optional.of(0.4)));
        }
        assertThat(image.request().seed(), is(7L));
        assertThat(image.request().steps(), is(OptionalInt.of(2)));
        assertThat(image.request().secondPass(), is(Optional.of(pass)));
        assertThat(image.timings().of(Stage.UNET), is(Duration.ofMillis(2 + 3 * 5)));
    }

    @Test
    void otherShapesAreTheMiddleOfTheImage() throws IOException {
        Files.copy(TinyBundle.resource("networks/double.onnx"), folder.resolve("double.onnx"));
        for (SecondPass pass : List.of(pass(200, 90, 0.4), pass(30, 50, 0.4), pass(64, 64, 0.4), pass(150, 40, 0))) {
            GeneratedImage image = draw(new Painter(List.of(), UnaryOperator.identity()), true, pass);

            assertThat(image.width() + "x" + image.height(), is(pass.width() + "x" + pass.height()));
            int middle = level(image, pass.width() / 2, pass.height() / 2);
            assertThat("as bright as the middle of what was drawn", Math.abs(middle - 136), is(lessThanOrEqualTo(16)));
        }
    }

    @Test
    void progressCountsOn() {
        List<String> told = new ArrayList<>();
        ProgressListener listener = new ProgressListener() {
            @Override
            public void onStage(Stage stage) {
                told.add(stage.label());
            }

            @Override
            public void onStep(int step, int steps) {
                told.add(step + "/" + steps);
            }
        };
        model(new Painter(List.of(), UnaryOperator.identity()), true)
                .generate(
                        ImageRequest.of("a", 7).withSecondPass(Optional.of(pass(64, 100, 0.4))),
                        listener,
                        new CancelToken());

        assertThat(told, contains("unet", "1/2", "2/2", "vae_decoder", "unet", "3/6", "4/6", "5/6", "6/6"));
    }

    @Test
    void aModelOfWholeScenesOnlyEnlarges() {
        Painter painter = new Painter(List.of("house"), UnaryOperator.identity());

        GeneratedImage image = draw(painter, true, REDRAWN);

        assertThat(painter.asked, hasSize(1));
        assertThat(image.width(), is(128));
        assertThat(image.warnings(), contains(containsString("was taught whole scenes")));
        assertThat(draw(painter, true, ENLARGED).warnings(), is(empty()));
    }

    @Test
    void aModelWithoutEncoderOnlyEnlarges() {
        Painter painter = new Painter(List.of(), UnaryOperator.identity());

        GeneratedImage image = draw(painter, false, REDRAWN);

        assertThat(painter.asked, hasSize(1));
        assertThat(image.warnings(), contains(containsString("draws from words alone")));
    }

    @Test
    void anUpscalerThatIsNotThereIsSaidSo() {
        SecondPass pass = new SecondPass(128, 128, "R-ESRGAN 4x+", 0, OptionalInt.empty());

        GeneratedImage image = draw(new Painter(List.of(), UnaryOperator.identity()), true, pass);

        assertThat(image.warnings(), contains("there is no such upscaler, so Lanczos enlarged the picture"));
    }

    @Test
    void aNetworkThatWouldMakeItTooLargeOnTheWayIsReplaced() throws IOException {
        Files.copy(TinyBundle.resource("networks/double.onnx"), folder.resolve("double.onnx"));

        Painter large = new Painter(1200, List.of(), UnaryOperator.identity());

        GeneratedImage image = draw(large, true, pass(2048, 2048, 0));

        assertThat(image.width(), is(2048));
        assertThat(image.warnings(), contains(containsString("so Lanczos enlarged it")));
    }

    @Test
    void endsBetweenTilesWhenCancelled() {
        CancelToken cancel = new CancelToken();
        Painter painter = new Painter(List.of(), seen -> {
            cancel.cancel();
            return seen;
        });

        assertThrows(
                InferenceException.class,
                () -> model(painter, true)
                        .generate(
                                ImageRequest.of("a", 7).withSecondPass(Optional.of(REDRAWN)),
                                ProgressListener.NONE,
                                cancel));
        assertThat(painter.asked, hasSize(2));
    }

    @Test
    void refusesASecondPassOfAnImageThatIsDrawnAnew() {
        ImageRequest request = ImageRequest.of("a", 7)
                .withSource(SourceImage.of(plain(0), 0.5))
                .withSecondPass(Optional.of(REDRAWN));
        Painter painter = new Painter(List.of(), UnaryOperator.identity());

        assertThrows(InferenceException.class, () -> draw(painter, true, request));
        assertThat(painter.asked, is(empty()));
    }

    private static SecondPass pass(int width, int height, double strength) {
        return new SecondPass(width, height, "", strength, OptionalInt.empty());
    }

    private static RgbImage plain(int level) {
        byte[] rgb = new byte[3 * Painter.SIDE * Painter.SIDE];
        Arrays.fill(rgb, (byte) level);
        return new RgbImage(Painter.SIDE, Painter.SIDE, rgb);
    }

    private static int level(GeneratedImage image, int x, int y) {
        return image.rgb()[3 * (y * image.width() + x)] & 0xff;
    }

    private TwoPassPipeline model(Painter painter, boolean readsImages) {
        return new TwoPassPipeline(painter, new Upscalers(folder, RuntimeOptions.defaults()), readsImages);
    }

    private GeneratedImage draw(Painter painter, boolean readsImages, SecondPass pass) {
        return draw(painter, readsImages, ImageRequest.of("a", 7).withSecondPass(Optional.of(pass)));
    }

    private GeneratedImage draw(Painter painter, boolean readsImages, ImageRequest request) {
        try (TwoPassPipeline model = model(painter, readsImages)) {
            return model.generate(request, ProgressListener.NONE, new CancelToken());
        }
    }
}
