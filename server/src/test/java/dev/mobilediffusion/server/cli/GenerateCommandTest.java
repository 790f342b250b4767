package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

final class GenerateCommandTest extends GenerateFixture {

    @Test
    void writesTheImageAndPrintsItsNameAlone() throws IOException {
        Path file = folder.resolve("house.png");

        CommandLineRun run = CommandLineRun.generate("a red house", "--seed", 7, "--out", file);

        assertThat(run.exitCode(), is(0));
        assertThat(run.out(), contains(file.toString()));
        assertThat(run.err(), contains(startsWith("64x64, seed 7, 4 steps")));
        BufferedImage image = ImageIO.read(file.toFile());
        assertThat(List.of(image.getWidth(), image.getHeight()), is(List.of(64, 64)));
        assertThat(names(), contains("house.png"));
    }

    @Test
    void drawsAnImageAnewWhereTheMaskSaysSo() throws IOException {
        BufferedImage source = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        BufferedImage mask = new BufferedImage(64, 64, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 64 * 64; i++) {
            source.setRGB(i % 64, i / 64, i * 977);
            mask.setRGB(i % 64, i / 64, i / 64 < 16 ? 0xffffff : 0);
        }
        Path image = folder.resolve("source.png");
        Path marks = folder.resolve("mask.png");
        Path file = folder.resolve("anew.png");
        ImageIO.write(source, "png", image.toFile());
        ImageIO.write(mask, "png", marks.toFile());

        CommandLineRun run = CommandLineRun.generate(
                "a red house", "--seed", 7, "--image", image, "--mask", marks, "--strength", 0.7, "--out", file);

        assertThat(run.err().toString(), run.exitCode(), is(0));
        BufferedImage anew = ImageIO.read(file.toFile());
        int changed = 0;
        for (int i = 0; i < 64 * 64; i++) {
            boolean same = (anew.getRGB(i % 64, i / 64) & 0xffffff) == (i * 977 & 0xffffff);
            changed += same ? 0 : 1;
            assertThat("pixel %s is held".formatted(i), same || i / 64 < 32, is(true));
        }
        assertThat(changed > 500, is(true));
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1), containsString("Denoising strength: 0.7"));
    }

    @Test
    void tellsThatASafetyCheckerMadeThePictureBlack() throws IOException {
        Path models = Files.createDirectories(folder.resolve("models"));
        Path golden = CommandLineRun.MODELS.resolveSibling("goldens").resolve("safety");
        for (Path parts : List.of(CommandLineRun.MODELS.resolve("tiny-sd"), golden)) {
            TinyModel.copyTree(parts, models.resolve("checked"));
        }
        Path file = folder.resolve("house.png");
        Object[] words = {
            "generate",
            "a red house by the sea at sunset",
            "--negative-prompt",
            "snow",
            "--guidance-scale",
            "5",
            "--steps",
            "4",
            "--seed",
            "2",
            "--models",
            models,
            "--model",
            "checked",
            "--data",
            folder.resolve("data"),
            "--out",
            file
        };

        CommandLineRun run = CommandLineRun.of(words);

        assertThat(run.err().toString(), run.exitCode(), is(0));
        assertThat(
                run.err(),
                hasItem("mobilediffusion: the model's safety checker took the picture with seed 2 for unsafe, so it is"
                        + " black; try another seed or prompt"));
        assertThat(ImageIO.read(file.toFile()).getRGB(30, 30), is(0xff000000));

        List<Object> unchecked = new ArrayList<>(List.of(words));
        unchecked.addAll(List.of("--safety-checker", "off"));
        assertThat(CommandLineRun.of(unchecked.toArray()).err().toString(), not(containsString("unsafe")));
        assertThat(ImageIO.read(file.toFile()).getRGB(30, 30), is(not(0xff000000)));
    }

    @Test
    void keepsTheSettingsInTheImage() throws IOException {
        Path file = folder.resolve("house.png");

        CommandLineRun.generate("a red house", "--seed", 7, "--steps", 3, "--out", file);

        assertThat(
                Files.readString(file, StandardCharsets.ISO_8859_1),
                allOf(containsString("parameters"), containsString("a red house"), containsString("Steps: 3")));
    }

    @Test
    void keepsNothingInTheImageWhereThatIsUnwanted() throws IOException {
        Path file = folder.resolve("house.png");

        CommandLineRun.generate("a red house", "--steps", 3, "--no-metadata", "--out", file);

        assertThat(
                Files.readString(file, StandardCharsets.ISO_8859_1),
                allOf(not(containsString("parameters")), not(containsString("a red house"))));
    }

    @Test
    void givesTheSameBytesForTheSameSeedAndOthersForAnother() throws IOException {
        Path first = folder.resolve("first.png");
        Path second = folder.resolve("second.png");
        Path other = folder.resolve("other.png");

        CommandLineRun.generate("a red house", "--seed", 7, "--out", first);
        CommandLineRun.generate("a red house", "--seed", 7, "--out", second);
        CommandLineRun.generate("a red house", "--seed", 8, "--out", other);

        assertThat(Files.readAllBytes(second), is(Files.readAllBytes(first)));
        assertThat(Files.readAllBytes(other), is(not(equalTo(Files.readAllBytes(first)))));
    }

    @Test
    void numbersSeveralImagesAndCountsTheirSeedsUp() throws IOException {
        Path second = folder.resolve("second.png");

        CommandLineRun run =
                CommandLineRun.generate("a red house", "--seed", 7, "-n", 3, "--out", folder.resolve("house.png"));
        CommandLineRun.generate("a red house", "--seed", 8, "--out", second);

        assertThat(run.exitCode(), is(0));
        assertThat(names(), containsInAnyOrder("house-1.png", "house-2.png", "house-3.png", "second.png"));
        assertThat(Files.readAllBytes(folder.resolve("house-2.png")), is(Files.readAllBytes(second)));
    }

    @Test
    void writesJpegByTheEnding() throws IOException {
        Path file = folder.resolve("house.JPG");

        CommandLineRun.generate("a red house", "--out", file);

        byte[] bytes = Files.readAllBytes(file);
        assertThat(List.of(bytes[0], bytes[1]), is(List.of((byte) 0xFF, (byte) 0xD8)));
    }

    @Test
    void replacesAnImageThatIsThereAlready() throws IOException {
        Path file = Files.writeString(folder.resolve("house.png"), "an older picture");

        CommandLineRun run = CommandLineRun.generate("a red house", "--out", file);

        assertThat(run.exitCode(), is(0));
        assertThat(ImageIO.read(file.toFile()).getWidth(), is(64));
    }

    @Test
    void tellsOnceOfWordsThatTheModelDoesNotKnow() {
        CommandLineRun run =
                CommandLineRun.generate("a red helicopter", "-n", 2, "--out", folder.resolve("helicopter.png"));

        assertThat(run.exitCode(), is(0));
        assertThat(
                run.err().stream().filter(line -> line.contains("helicopter")).toList(),
                contains("mobilediffusion: prompt has words that the model does not know: helicopter"));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
