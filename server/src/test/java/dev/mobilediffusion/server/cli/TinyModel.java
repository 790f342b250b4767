package dev.mobilediffusion.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/** A copy of the tiny model with a {@code bundle.json}, to be altered. */
final class TinyModel {

    private TinyModel() {}

    /** Copies {@code tiny-flow} into a new folder {@code models} and returns the copy's folder. */
    static Path copy(Path models) throws IOException {
        return copyTree(CommandLineRun.MODELS.resolve("tiny-flow"), models.resolve("tiny-flow"));
    }

    /** Copies all files below {@code source}, over what is there, and returns {@code target}. */
    static Path copyTree(Path source, Path target) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = target.resolve(source.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return target;
    }
}
