package dev.mobilediffusion.runtime.control;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is made of pictures, against OpenCV ({@code models/forge/goldens/control.py}). */
final class EdgesTest {

    @ParameterizedTest
    @ValueSource(strings = {"shapes", "clouds"})
    void edgesAreThoseThatOpenCvFinds(String name) throws IOException {
        RgbImage found = Preprocessing.apply(read("edges-" + name + "-source.png"), Preprocessor.EDGES);

        assertThat(found.rgb(), is(read("edges-" + name + ".png").rgb()));
    }

    @Test
    void aPictureOfOnePixelHasNoEdges() {
        RgbImage dot = new RgbImage(1, 1, new byte[] {1, 2, 3});

        assertThat(Preprocessing.apply(dot, Preprocessor.EDGES).rgb(), is(new byte[3]));
    }

    @Test
    void darkLinesOnPaperBecomeLightOnesOnBlack() {
        RgbImage paper = new RgbImage(2, 1, new byte[] {-1, -1, -1, 0, 10, 0});

        assertThat(Preprocessing.apply(paper, Preprocessor.INVERT).rgb(), is(new byte[] {0, 0, 0, -1, (byte) 245, -1}));
        assertThat(Preprocessing.planes(paper, Preprocessor.NONE), is(new float[] {1, 0, 1, 10 / 255f, 1, 0}));
    }

    private static RgbImage read(String name) throws IOException {
        return ImageFileReader.read(Files.readAllBytes(TinyBundle.resource("goldens/control/" + name)), "image")
                .image();
    }
}
