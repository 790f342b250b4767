package dev.mobilediffusion.runtime.concept;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Text encoders that know things of one's own, each a file in a folder of its own. Those that were made last are kept. */
final class TaughtGraphs {

    /** More than one, since another process may read what was made before. */
    private static final int KEPT = 2;

    private TaughtGraphs() {}

    /** Makes {@code model}, whole or not at all. */
    static void make(Path model, Consumer<Path> write) throws IOException {
        Path folder = model.getParent().getParent();
        Files.createDirectories(folder);
        Path building = Files.createTempDirectory(folder, ".building-");
        try {
            write.accept(building.resolve(model.getFileName()));
            Files.move(building, model.getParent(), StandardCopyOption.ATOMIC_MOVE);
        } catch (UncheckedIOException full) {
            throw full.getCause();
        } catch (FileAlreadyExistsException made) {
            return; // by another process
        } catch (FileSystemException failure) {
            if (!Files.isRegularFile(model)) {
                throw failure;
            }
        } finally {
            remove(building);
        }
        removeOld(folder);
    }

    private static void removeOld(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> old = entries.sorted(
                            Comparator.comparing(TaughtGraphs::made).reversed())
                    .skip(KEPT)
                    .toList();
            old.forEach(TaughtGraphs::remove);
        }
    }

    private static FileTime made(Path entry) {
        try {
            return Files.getLastModifiedTime(entry);
        } catch (IOException gone) {
            return FileTime.fromMillis(0);
        }
    }

    private static void remove(Path entry) {
        if (Files.notExists(entry)) {
            return;
        }
        try (Stream<Path> files = Files.walk(entry)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException left) {
            System.getLogger(TaughtGraphs.class.getName())
                    .log(System.Logger.Level.DEBUG, "an old text encoder stays on disk", left);
        }
    }
}
