package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.concept.Concepts;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A thing taught by one picture is drawn as the forge draws it that has it in its memory. */
final class TaughtThingTest {

    private static final String PROMPT = "a zorb on top of a car";

    @TempDir
    private Path folder;

    private final Path bundle = TinyBundle.folder(TinyBundle.MEMORY);

    @ParameterizedTest
    @EnumSource(RuntimeOptions.MemoryProfile.class)
    void isDrawnFromTheNextImageOnAndNoMoreOnceForgotten(RuntimeOptions.MemoryProfile profile) throws IOException {
        byte[] golden = Decibels.pixels(TinyBundle.resource("goldens/pictures/memory-taught.png"));
        try (TextToImage model = TextToImagePipeline.load(bundle, options().withMemory(profile))) {
            byte[] ignorant = draw(model, PROMPT).rgb();
            byte[] cat = draw(model, "a cat").rgb();

            concepts().add("Zorb", List.of(), zorb());
            byte[] taught = draw(model, PROMPT).rgb();

            assertThat(Decibels.peakSignalToNoise(taught, golden), greaterThan(40.0));
            assertThat(Decibels.peakSignalToNoise(ignorant, golden), lessThan(30.0));
            assertThat("what it knew stays", draw(model, "a cat").rgb(), is(cat));
            try (TextToImage later = TextToImagePipeline.load(bundle, options().withMemory(profile))) {
                assertThat("after a new start", draw(later, PROMPT).rgb(), is(taught));
            }

            Concepts.remove(folder, bundle.getFileName().toString(), "zorb");

            assertThat(draw(model, PROMPT).rgb(), is(ignorant));
        }
    }

    @Test
    void itsWordsAreKnownWords() throws IOException {
        try (TextToImage model = TextToImagePipeline.load(bundle, options())) {
            assertThat(draw(model, "two zorbs, gizmo cat").warnings(), hasItem(containsString("zorbs")));

            concepts().add("zorb", List.of("gizmo"), zorb());

            GeneratedImage drawn = draw(model, "two zorbs, gizmo cat");
            assertThat(drawn.warnings(), not(hasItem(containsString("zorbs"))));
            assertThat(drawn.warnings(), not(hasItem(containsString("gizmo"))));
        }
    }

    @Test
    void otherNamesAndPluralsMeanTheSameThing() throws IOException {
        concepts().add("zorb", List.of("gizmo"), zorb());
        try (TextToImage model = TextToImagePipeline.load(bundle, options())) {
            byte[] golden = Decibels.pixels(TinyBundle.resource("goldens/pictures/memory-taught.png"));
            for (String name : List.of("gizmo", "zorbs", "GIZMOS")) {
                // The words differ, the memory does not, which weighs more
                byte[] drawn = draw(model, PROMPT.replace("zorb", name)).rgb();
                assertThat(name, Decibels.peakSignalToNoise(drawn, golden), greaterThan(30.0));
            }
        }
    }

    @Test
    void aDamagedFolderIsNamedAndTheModelDrawsWithoutIt() throws IOException {
        byte[] ignorant;
        try (TextToImage model = TextToImagePipeline.load(bundle, RuntimeOptions.defaults())) {
            ignorant = draw(model, "cat").rgb();
        }
        concepts().add("zorb", List.of(), zorb());
        Path list = folder.resolve(bundle.getFileName()).resolve("concepts.json");
        Files.writeString(list, "{\"format_version\":");
        try (TextToImage model = TextToImagePipeline.load(bundle, options())) {
            GeneratedImage drawn = draw(model, "cat");

            assertThat(drawn.rgb(), is(ignorant));
            assertThat(drawn.warnings(), contains(containsString("concepts.json")));
        }
    }

    @Test
    void encodedPicturesAreMadeAnewWhereTheyAreGone() throws IOException {
        concepts().add("zorb", List.of(), zorb());
        byte[] taught;
        try (TextToImage model = TextToImagePipeline.load(bundle, options())) {
            taught = draw(model, PROMPT).rgb();
            assertThat(draw(model, "cat").warnings(), is(empty()));
        }
        removeWhatCanBeMadeAnew();
        try (TextToImage model = TextToImagePipeline.load(bundle, options())) {
            assertThat(draw(model, PROMPT).rgb(), is(taught));
        }
    }

    private void removeWhatCanBeMadeAnew() throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (file.toString().matches(".*(\\.row|\\.onnx)")) {
                    Files.delete(file);
                }
            }
        }
    }

    private Concepts concepts() {
        return new Concepts(ModelBundle.open(bundle), folder, RuntimeOptions.defaults());
    }

    private RuntimeOptions options() {
        return RuntimeOptions.defaults().withConcepts(folder);
    }

    private static ImageFileReader.Read zorb() throws IOException {
        return ImageFileReader.read(Files.readAllBytes(TinyBundle.resource("goldens/pictures/zorb.png")), "image");
    }

    private static GeneratedImage draw(TextToImage model, String prompt) {
        return model.generate(ImageRequest.of(prompt, 7).withSteps(2), ProgressListener.NONE, new CancelToken());
    }
}
