package dev.mobilediffusion.runtime;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * How a model is loaded and run; what it draws does not depend on it, but for the last bits of a float.
 *
 * @param threads threads that compute, in [1, {@value #MAX_THREADS}]
 * @param spinning whether idle threads burn a core for a moment in the hope of work: faster, and warmer
 * @param memory what to spend memory on
 * @param verifyHashes whether every file is compared with the hashes in {@code bundle.json}, where there is one
 * @param profile folder into which each network writes what its operators did, unoptimized; empty for none
 * @param graphs folder in which optimized graphs are kept for later starts; empty to keep none
 */
public record RuntimeOptions(
        int threads,
        boolean spinning,
        MemoryProfile memory,
        boolean verifyHashes,
        Optional<Path> profile,
        Optional<Path> graphs) {

    public static final int MAX_THREADS = 256;

    /** What to spend memory on. */
    public enum MemoryProfile {
        /** Weights repacked for the CPU, and working memory kept from picture to picture. */
        SPEED,
        /** Weights used where the file is mapped, and each network open only while its stage runs. */
        SMALL
    }

    public RuntimeOptions {
        Objects.requireNonNull(memory, "memory");
        Objects.requireNonNull(profile, "profile");
        Objects.requireNonNull(graphs, "graphs");
        if (threads < 1 || threads > MAX_THREADS) {
            throw new IllegalArgumentException("threads must be in [1, %d], got %d".formatted(MAX_THREADS, threads));
        }
    }

    /** The processors that are worth a thread, as {@link Processors} finds them, no spinning, for speed, verified, no folders. */
    public static RuntimeOptions defaults() {
        int processors =
                new Processors(Path.of("/")).worthAThread(Runtime.getRuntime().availableProcessors());
        return new RuntimeOptions(
                Math.min(processors, MAX_THREADS),
                false,
                MemoryProfile.SPEED,
                true,
                Optional.empty(),
                Optional.empty());
    }

    public RuntimeOptions withThreads(int value) {
        return new RuntimeOptions(value, spinning, memory, verifyHashes, profile, graphs);
    }

    public RuntimeOptions withSpinning(boolean value) {
        return new RuntimeOptions(threads, value, memory, verifyHashes, profile, graphs);
    }

    public RuntimeOptions withMemory(MemoryProfile value) {
        return new RuntimeOptions(threads, spinning, value, verifyHashes, profile, graphs);
    }

    public RuntimeOptions withVerifyHashes(boolean value) {
        return new RuntimeOptions(threads, spinning, memory, value, profile, graphs);
    }

    public RuntimeOptions withProfile(Path folder) {
        return new RuntimeOptions(threads, spinning, memory, verifyHashes, Optional.of(folder), graphs);
    }

    public RuntimeOptions withoutGraphs() {
        return new RuntimeOptions(threads, spinning, memory, verifyHashes, profile, Optional.empty());
    }

    public RuntimeOptions withGraphs(Path folder) {
        return new RuntimeOptions(threads, spinning, memory, verifyHashes, profile, Optional.of(folder));
    }
}
