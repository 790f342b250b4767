package dev.mobilediffusion.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A copy of the tiny model with a {@code bundle.json}, to be altered. */
final class TinyModel {

    private TinyModel() {}

    /** Copies {@code tiny-flow} into a new folder {@code models} and returns the copy's folder. */
    static Path copy(Path models) throws IOException {
        Path source = CommandLineRun.MODELS.resolve("tiny-flow");
        Path target = Files.createDirectories(models).resolve("tiny-flow");
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        }
        return target;
    }
}
