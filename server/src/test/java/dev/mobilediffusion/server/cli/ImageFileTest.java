package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImageFileTest {

    @TempDir
    private Path folder;

    @Test
    void namesAnImageAfterItsPromptAndSeed() {
        assertThat(ImageFile.named("A red house, by the sea!", 7), is(Path.of("a-red-house-by-the-sea-7.png")));
        assertThat(ImageFile.named("../etc/passwd", 0), is(Path.of("etc-passwd-0.png")));
        assertThat(ImageFile.named("!?", 3), is(Path.of("picture-3.png")));
    }

    @Test
    void namesFilesInLettersThatFileNamesCanHave() {
        assertThat(ImageFile.name("Zwölf Bäume", 1, StandardCharsets.UTF_8), is("zwölf-bäume-1.png"));
        assertThat(ImageFile.name("Zwölf Bäume", 1, StandardCharsets.US_ASCII), is("zwlf-bume-1.png"));
        assertThat(ImageFile.name("猫", 1, StandardCharsets.US_ASCII), is("picture-1.png"));
    }

    @Test
    void cutsALongNameBetweenWords() {
        assertThat(
                ImageFile.named("night, stars, snowy mountains, a big yellow hot-air balloon on the left", 1),
                is(Path.of("night-stars-snowy-mountains-a-big-yellow-hot-air-balloon-on-1.png")));
    }

    @Test
    void numbersBeforeTheEnding() {
        assertThat(
                ImageFile.numbered(Path.of("pictures/my.house.png"), 2),
                contains(Path.of("pictures/my.house-1.png"), Path.of("pictures/my.house-2.png")));
        assertThat(ImageFile.numbered(Path.of("house.png"), 1), contains(Path.of("house.png")));
    }

    @Test
    void leavesTheOldImageAndNothingElseWhenWritingFails() throws IOException {
        // A folder cannot be replaced by a file, whoever runs the test
        Path file = Files.createDirectories(folder.resolve("house.png/inside")).getParent();

        CommandFailure failure = assertThrows(CommandFailure.class, () -> ImageFile.write(file, new byte[] {1, 2, 3}));

        assertThat(failure.getMessage(), containsString("cannot write " + file));
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.toList(), contains(file));
        }
    }
}
