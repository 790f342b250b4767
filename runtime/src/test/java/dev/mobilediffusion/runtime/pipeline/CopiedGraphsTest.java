package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.GraphFolder;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.Lora;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Networks that LoRAs and controls change are optimized once, and kept for the next time. */
final class CopiedGraphsTest {

    private static final double SAME_IMAGE_DECIBELS = 40;
    private static final ImageRequest HOUSE =
            ImageRequest.of("a red house by the sea at sunset", 21).withSteps(3).withGuidanceScale(5);
    private static final List<Lora> KOHYA = List.of(new Lora("kohya", 1));
    private static final List<Lora> PEFT = List.of(new Lora("peft", 1));

    @TempDir
    private Path folder;

    private Path bundle;
    private RuntimeOptions options;

    @BeforeEach
    void install() throws IOException {
        bundle = folder.resolve("tiny-lora");
        overlay(TinyBundle.resource("goldens/lora/tiny-lora"), bundle);
        for (String name : List.of("kohya", "peft")) {
            put(name, name);
        }
        options = RuntimeOptions.defaults().withGraphs(new GraphFolder(folder.resolve("graphs"), "a processor"));
    }

    @ParameterizedTest
    @EnumSource(RuntimeOptions.MemoryProfile.class)
    void theSecondSwitchFindsWhatTheFirstMade(RuntimeOptions.MemoryProfile memory) throws IOException {
        byte[] first;
        Map<String, FileTime> made;
        try (TextToImage model = TextToImagePipeline.load(bundle, options.withMemory(memory))) {
            byte[] plain = draw(model, HOUSE);
            first = draw(model, HOUSE.withLoras(KOHYA));
            byte[] other = draw(model, HOUSE.withLoras(PEFT));
            made = copies();

            assertThat(draw(model, HOUSE.withLoras(KOHYA)), is(first));
            assertThat(draw(model, HOUSE.withLoras(PEFT)), is(other));
            assertThat(draw(model, HOUSE), is(plain));
            assertThat(copies(), is(made));
        }
        assertThat(made.size() >= 2, is(true));
        try (TextToImage another = TextToImagePipeline.load(bundle, options.withMemory(memory))) {
            assertThat(draw(another, HOUSE.withLoras(KOHYA)), is(first));
            assertThat(copies(), is(made));
        }
        try (TextToImage unkept = TextToImagePipeline.load(bundle, RuntimeOptions.defaults())) {
            assertThat(
                    Decibels.peakSignalToNoise(draw(unkept, HOUSE.withLoras(KOHYA)), first),
                    greaterThanOrEqualTo(SAME_IMAGE_DECIBELS));
        }
    }

    @Test
    void aLoraThatWasChangedIsNotTakenForWhatItWas() throws IOException {
        byte[] before;
        try (TextToImage model = TextToImagePipeline.load(bundle, options)) {
            before = draw(model, HOUSE.withLoras(KOHYA));
        }
        put("peft", "kohya");

        try (TextToImage model = TextToImagePipeline.load(bundle, options)) {
            byte[] after = draw(model, HOUSE.withLoras(KOHYA));

            assertThat(after, is(draw(model, HOUSE.withLoras(PEFT))));
            assertThat(Decibels.peakSignalToNoise(after, before), is(lessThan(SAME_IMAGE_DECIBELS)));
        }
    }

    @Test
    void aLoraThatIsReplacedWhileItIsInUseCountsFromTheNextImageOn() throws IOException {
        try (TextToImage model = TextToImagePipeline.load(bundle, options)) {
            byte[] before = draw(model, HOUSE.withLoras(KOHYA));
            put("peft", "kohya");

            byte[] after = draw(model, HOUSE.withLoras(KOHYA));

            assertThat(after, is(not(before)));
            assertThat(after, is(draw(model, HOUSE.withLoras(PEFT))));
        }
    }

    @Test
    void anotherWeightIsAnotherNetwork() throws IOException {
        try (TextToImage model = TextToImagePipeline.load(bundle, options)) {
            byte[] whole = draw(model, HOUSE.withLoras(KOHYA));

            assertThat(draw(model, HOUSE.withLoras(List.of(new Lora("kohya", 0.5)))), is(not(whole)));
            assertThat(draw(model, HOUSE.withLoras(KOHYA)), is(whole));
        }
    }

    @ParameterizedTest
    @EnumSource(RuntimeOptions.MemoryProfile.class)
    void aUnetWithAControlInsideIsKeptToo(RuntimeOptions.MemoryProfile memory) throws IOException {
        Path controlled = folder.resolve("controlled");
        overlay(TinyBundle.folder(TinyBundle.FLOW), controlled);
        overlay(TinyBundle.resource("goldens/control/adapter"), controlled);
        byte[] lines = Files.readAllBytes(TinyBundle.resource("goldens/control/control.png"));
        ImageRequest request = ImageRequest.of("two blue fish", 3)
                .withSteps(2)
                .withControl(ControlImage.of(
                        ImageFileReader.read(lines, "control_image").image(), 1));
        RuntimeOptions unverified = options.withMemory(memory).withVerifyHashes(false);
        byte[] first;
        try (TextToImage model = TextToImagePipeline.load(controlled, unverified)) {
            first = draw(model, request);
            assertThat(draw(model, request), is(first));
        }
        Map<String, FileTime> made = copies();

        try (TextToImage model = TextToImagePipeline.load(controlled, unverified)) {
            assertThat(draw(model, request), is(first));
        }
        assertThat(copies(), is(made));
        assertThat(made.keySet(), hasSize(1));
        try (TextToImage unkept =
                TextToImagePipeline.load(controlled, RuntimeOptions.defaults().withVerifyHashes(false))) {
            assertThat(
                    Decibels.peakSignalToNoise(draw(unkept, request), first),
                    greaterThanOrEqualTo(SAME_IMAGE_DECIBELS));
        }
    }

    /** Kept graphs of copies, and when each was made. */
    private Map<String, FileTime> copies() throws IOException {
        Map<String, FileTime> copies = new TreeMap<>();
        try (Stream<Path> entries = Files.list(folder.resolve("graphs"))) {
            for (Path entry : entries.toList()) {
                String name = entry.getFileName().toString();
                if (name.startsWith("copy-")) {
                    copies.put(name, Files.getLastModifiedTime(entry.resolve("model.onnx")));
                }
            }
        }
        return copies;
    }

    private void put(String golden, String name) throws IOException {
        Path target = folder.resolve("loras").resolve(name + ".safetensors");
        Files.createDirectories(target.getParent());
        Files.copy(
                TinyBundle.resource("goldens/lora/" + golden + ".safetensors"),
                target,
                StandardCopyOption.REPLACE_EXISTING);
    }

    private static byte[] draw(TextToImage model, ImageRequest request) {
        return model.generate(request, ProgressListener.NONE, new CancelToken()).rgb();
    }

    private static void overlay(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
