package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What {@code generate} refuses, by which sentence. */
final class GenerateRefusalsTest extends GenerateFixture {

    @Test
    void refusesImagesThatCannotBeDrawnAnew() throws IOException {
        Path none = Files.writeString(folder.resolve("none.png"), "a cat");

        assertThat(
                CommandLineRun.generate("a", "--image", none).err().toString(),
                containsString("--image is no PNG, JPEG or WebP picture"));
        assertThat(
                CommandLineRun.generate("a", "--mask", none).err().toString(),
                containsString("--mask wants a picture: name it by --image"));
        assertThat(
                CommandLineRun.generate("a", "--strength", 1.5).err().toString(),
                containsString("--strength must be a number in [0, 1], got '1.5'"));
        assertThat(CommandLineRun.generate("a", "--image", none).exitCode(), is(2));
    }

    @Test
    void refusesAnEmptyPrompt() {
        assertRefused(CommandLineRun.generate("", "--out", folder.resolve("a.png")), "prompt must not be empty");
    }

    @Test
    void refusesValuesOutOfRangeAndSaysTheRange() {
        Path file = folder.resolve("a.png");

        assertRefused(
                CommandLineRun.generate("a", "--out", file, "--steps", "0"),
                "--steps must be a whole number in [1, 150], got '0'");
        assertRefused(
                CommandLineRun.generate("a", "--out", file, "--steps", "many"),
                "--steps must be a whole number in [1, 150], got 'many'");
        assertRefused(
                CommandLineRun.generate("a", "--out", file, "--guidance-scale", "NaN"),
                "--guidance-scale must be a number in [0, 30], got 'NaN'");
        assertRefused(
                CommandLineRun.generate("a", "--out", file, "--seed=-1"),
                "--seed must be a whole number in [0, 9223372036854775807], got '-1'");
        assertRefused(
                CommandLineRun.generate("a", "--out", file, "-n", "11"),
                "--count must be a whole number in [1, 10], got '11'");
        assertRefused(
                CommandLineRun.generate("a", "--out", file, "-n", "2", "--seed", Long.MAX_VALUE),
                "--seed must be at most 9223372036854775806 for 2 pictures, got 9223372036854775807");
    }

    @Test
    void refusesPlacesWhereNoImageCanBeWritten() throws IOException {
        Path missing = folder.resolve("missing");
        Path existing = Files.createDirectory(folder.resolve("existing.png"));

        assertRefused(
                CommandLineRun.generate("a", "--out", missing.resolve("a.png")),
                "--out must lie in a folder that exists, but %s does not".formatted(missing));
        assertRefused(
                CommandLineRun.generate("a", "--out", existing),
                "--out must name a file, but %s is a folder".formatted(existing));
        assertRefused(
                CommandLineRun.generate("a", "--out", folder.resolve("a.bmp")),
                "--out must end in .png, .jpg, .jpeg or .webp, got '%s'".formatted(folder.resolve("a.bmp")));
        assertRefused(CommandLineRun.generate("a", "-n", 2, "--out", "/"), "--out must name a file, but / is a folder");
    }

    @Test
    void refusesAnUnknownModelAndNamesThoseThatAre() {
        CommandLineRun run = CommandLineRun.of(
                "generate",
                "a",
                "--models",
                CommandLineRun.MODELS,
                "--model",
                "huge",
                "--out",
                folder.resolve("a.png"));

        assertThat(run.exitCode(), is(1));
        assertThat(
                run.err(),
                contains(
                        "mobilediffusion: there is no model 'huge' in %s, only tiny-flow, tiny-flow-int8, tiny-lcm, tiny-memory, tiny-sd"
                                .formatted(CommandLineRun.MODELS)));
    }

    @Test
    void saysWhichFileOfTheModelIsMissingOrAltered() throws IOException {
        Path model = TinyModel.copy(folder.resolve("models"));
        Path unet = model.resolve("unet/model.onnx");
        byte[] bytes = Files.readAllBytes(unet);
        Path file = folder.resolve("a.png");

        bytes[bytes.length / 2] ^= 1;
        Files.write(unet, bytes);
        CommandLineRun altered = CommandLineRun.of("generate", "a", "--models", model.getParent(), "--out", file);
        Files.delete(unet);
        CommandLineRun missing = CommandLineRun.of("generate", "a", "--models", model.getParent(), "--out", file);

        assertThat(altered.exitCode(), is(1));
        assertThat(altered.err(), contains(startsWith("mobilediffusion: unet/model.onnx is altered")));
        assertThat(missing.exitCode(), is(1));
        assertThat(missing.err(), contains(startsWith("mobilediffusion: unet/model.onnx is missing")));
        assertThat(Files.exists(file), is(false));
    }

    private void assertRefused(CommandLineRun run, String sentence) {
        assertThat(
                run.err(), contains("mobilediffusion: %s; see 'mobilediffusion generate --help'".formatted(sentence)));
        assertThat(run.exitCode(), is(2));
        assertThat(run.out(), is(empty()));
    }
}
