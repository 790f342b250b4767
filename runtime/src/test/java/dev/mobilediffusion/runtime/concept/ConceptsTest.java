package dev.mobilediffusion.runtime.concept;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.image.Cutout;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What can be taught, and what is refused without leaving anything behind. */
final class ConceptsTest {

    @TempDir
    private Path folder;

    private final ModelBundle bundle = ModelBundle.open(TinyBundle.folder(TinyBundle.MEMORY));
    private Concepts concepts;

    @BeforeEach
    void open() {
        concepts = new Concepts(bundle, folder, RuntimeOptions.defaults());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''          | name: name must have 1 to 40 characters, got 0",
                "'  '        | name: name must have 1 to 40 characters, got 0",
                "(zorb:1.2)  | name: name must be words of letters and digits, or emoji, got '(zorb:1.2)'",
                "'- -'       | name: name must be words of letters and digits, or emoji, got '- -'",
                "Cat         | name: name 'cat' already means something to the model tiny-memory; choose another name",
                "on top of   | name: name 'on top of' already means something to the model tiny-memory; choose another"
                        + " name",
                "desert      | name: name 'desert' already means something to the model tiny-memory; choose another"
                        + " name"
            })
    void refusesNamesWithASentence(String name, String sentence) throws IOException {
        InferenceException refusal =
                assertThrows(InferenceException.class, () -> concepts.add(name, List.of(), picture(20, 20)));

        assertThat(refusal.param() + ": " + refusal.getMessage(), is(sentence));
        assertThat(left(), is(empty()));
    }

    @Test
    void refusesNamesThatAreTooLongOrTooMany() throws IOException {
        assertThat(refusal("z".repeat(41), List.of()), is("name must have 1 to 40 characters, got 41"));
        assertThat(refusal("z".repeat(100_000), List.of()), is("name must have at most 40 characters, got 100000"));
        List<String> many =
                IntStream.range(0, 8).mapToObj(i -> "zorb number " + i).toList();
        assertThat(refusal("zorb", many), is("names must be at most 8, the name itself included, got 9"));
        assertThat(refusal("zorb", List.of("cat")), startsWith("names 'cat' already means something"));
        assertThat(left(), is(empty()));
    }

    @Test
    void refusesPicturesThatShowNothing() throws IOException {
        InferenceException tiny =
                assertThrows(InferenceException.class, () -> concepts.add("zorb", List.of(), picture(15, 3)));
        assertThat(tiny.getMessage(), is("image must show a thing of at least 16 pixels across, got 15x3"));
        ImageFileReader.Read clear = new ImageFileReader.Read(white(20, 20), new byte[400]);
        InferenceException nothing =
                assertThrows(InferenceException.class, () -> concepts.add("zorb", List.of(), clear));
        assertThat(nothing.getMessage(), is("image shows nothing: it is transparent everywhere"));
        assertThat(left(), is(empty()));
    }

    @Test
    void refusesModelsWithoutAMemory() {
        ModelBundle other = ModelBundle.open(TinyBundle.folder(TinyBundle.FLOW));

        InferenceException refusal = assertThrows(
                InferenceException.class,
                () -> new Concepts(other, folder, RuntimeOptions.defaults()).add("zorb", List.of(), picture(20, 20)));

        assertThat(refusal.param(), is("model"));
        assertThat(refusal.getMessage(), containsString("has no visual memory"));
    }

    @Test
    void aNameOfOnesOwnIsReplacedAndOnesOtherNamesAreKept() {
        assertThat(concepts.add("zorb", List.of(), picture(20, 20)).replaced(), is(false));
        assertThat(concepts.add("gizmo", List.of("Gadget"), picture(30, 20)).replaced(), is(false));

        Concepts.Taught again = concepts.add("ZORB", List.of("zorbling"), picture(20, 30));

        assertThat(again.replaced(), is(true));
        assertThat(
                concepts.list().stream().map(Concept::names).toList(),
                contains(List.of("gizmo", "gadget"), List.of("zorb", "zorbling")));
        InferenceException taken =
                assertThrows(InferenceException.class, () -> concepts.add("gadget", List.of(), picture(20, 20)));
        assertThat(taken.getMessage(), containsString("'gadget', a name of the thing 'gizmo'"));
    }

    @Test
    void picturesThatNoThingHasAnyMoreGo() throws IOException {
        concepts.add("zorb", List.of(), picture(20, 20));
        concepts.add("zorb", List.of(), picture(20, 30));
        assertThat(left().stream().filter(name -> name.endsWith(".png")).count(), is(1L));

        assertThat(Concepts.remove(folder, bundle.name(), " Zorb "), is(true));
        assertThat(Concepts.remove(folder, bundle.name(), "zorb"), is(false));

        assertThat(left(), contains("concepts.json"));
    }

    @Test
    void saysWhatBecameOfTheGround() {
        assertThat(concepts.add("zorb", List.of(), picture(20, 20)).ground(), is(Cutout.Ground.TRANSPARENT));
        RgbImage onBlue = filled(40, 40, 10, 20, 200);
        paint(onBlue, 10, 30, 250, 200, 30);
        assertThat(
                concepts.add("zorb", List.of(), new ImageFileReader.Read(onBlue, new byte[0]))
                        .ground(),
                is(Cutout.Ground.TAKEN_AWAY));
        RgbImage patterned = filled(40, 40, 10, 20, 200);
        paint(patterned, 0, 20, 250, 200, 30);
        assertThat(
                concepts.add("zorb", List.of(), new ImageFileReader.Read(patterned, new byte[0]))
                        .ground(),
                is(Cutout.Ground.KEPT));
    }

    private String refusal(String name, List<String> others) {
        return assertThrows(InferenceException.class, () -> concepts.add(name, others, picture(20, 20)))
                .getMessage();
    }

    private List<String> left() throws IOException {
        Path own = folder.resolve(bundle.name());
        if (Files.notExists(own)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(own)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals(".lock"))
                    .sorted()
                    .toList();
        }
    }

    /** A box of {@code width} by {@code height} opaque pixels in a transparent picture. */
    private static ImageFileReader.Read picture(int width, int height) {
        byte[] alpha = new byte[40 * 40];
        for (int y = 0; y < height; y++) {
            Arrays.fill(alpha, y * 40, y * 40 + width, (byte) 255);
        }
        return new ImageFileReader.Read(white(40, 40), alpha);
    }

    private static RgbImage white(int width, int height) {
        return filled(width, height, 255, 255, 255);
    }

    private static RgbImage filled(int width, int height, int... colour) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) colour[i % 3];
        }
        return new RgbImage(width, height, rgb);
    }

    private static void paint(RgbImage image, int from, int to, int... colour) {
        for (int y = from; y < to; y++) {
            for (int x = from; x < to; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    image.rgb()[3 * (y * image.width() + x) + channel] = (byte) colour[channel];
                }
            }
        }
    }
}
