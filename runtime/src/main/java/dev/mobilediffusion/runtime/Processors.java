package dev.mobilediffusion.runtime;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The processors of a board with big and little ones: a network waits for its slowest thread, so the little ones get none.
 */
final class Processors {

    /** A processor counts as big from this share of the biggest one's capacity on. */
    private static final double BIG = 0.6;

    private final Path root;

    /** @param root of the file system: {@code /}, but in tests */
    Processors(Path root) {
        this.root = root;
    }

    /**
     * How many threads should compute.
     *
     * @param available processors that this process may use; a container's quota counts
     * @return in [1, available]
     */
    int worthAThread(int available) {
        List<Integer> capacities = capacities();
        if (capacities.isEmpty()) {
            return available;
        }
        double least = BIG * Collections.max(capacities);
        long big = capacities.stream().filter(capacity -> capacity >= least).count();
        return Math.clamp(big, 1, available);
    }

    /** What Linux tells of each processor on boards whose processors differ; 1024 for the biggest. */
    private List<Integer> capacities() {
        List<Integer> capacities = new ArrayList<>();
        try (DirectoryStream<Path> folders =
                Files.newDirectoryStream(root.resolve("sys/devices/system/cpu"), "cpu[0-9]*")) {
            for (Path folder : folders) {
                capacities.add(Integer.parseInt(
                        Files.readString(folder.resolve("cpu_capacity")).strip()));
            }
            return capacities;
        } catch (IOException | DirectoryIteratorException | NumberFormatException equalOrUnknown) {
            return List.of();
        }
    }
}
