package dev.mobilediffusion.runtime.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Folders that hold copies of networks for a while. */
public final class TemporaryFolder {

    private TemporaryFolder() {}

    /** Deletes the folder with all that lies in it; what cannot be deleted is logged, and stays. */
    public static void remove(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException left) {
            System.getLogger(TemporaryFolder.class.getName())
                    .log(System.Logger.Level.WARNING, "{0} could not be removed: {1}", folder, left);
        }
    }
}
