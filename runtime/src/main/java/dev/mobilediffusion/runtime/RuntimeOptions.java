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
 * @param graphs where optimized graphs are kept for later starts; empty to keep none
 * @param concepts folder of the things that people taught models; empty for none
 * @param safetyChecker whether a bundle's safety checker is run, where it has one
 * @param execution what is to compute
 */
public record RuntimeOptions(
        int threads,
        boolean spinning,
        MemoryProfile memory,
        boolean verifyHashes,
        Optional<Path> profile,
        Optional<GraphFolder> graphs,
        Optional<Path> concepts,
        boolean safetyChecker,
        Execution execution) {

    public static final int MAX_THREADS = 256;

    /** What to spend memory on. */
    public enum MemoryProfile {
        /** Weights repacked for the CPU, and working memory kept from image to image. */
        SPEED,
        /** Weights used where the file is mapped, and each network open only while its stage runs. */
        SMALL
    }

    public RuntimeOptions {
        Objects.requireNonNull(memory, "memory");
        Objects.requireNonNull(profile, "profile");
        Objects.requireNonNull(graphs, "graphs");
        Objects.requireNonNull(concepts, "concepts");
        Objects.requireNonNull(execution, "execution");
        if (threads < 1 || threads > MAX_THREADS) {
            throw new IllegalArgumentException("threads must be in [1, %s], got %s".formatted(MAX_THREADS, threads));
        }
    }

    /** A thread for each processor that Java may use, no spinning, for speed, verified and checked, no folders, computed by what suits. */
    public static RuntimeOptions defaults() {
        return new RuntimeOptions(
                Math.min(Runtime.getRuntime().availableProcessors(), MAX_THREADS),
                false,
                MemoryProfile.SPEED,
                true,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true,
                Execution.DEFAULT);
    }

    public RuntimeOptions withThreads(int value) {
        return new RuntimeOptions(
                value, spinning, memory, verifyHashes, profile, graphs, concepts, safetyChecker, execution);
    }

    public RuntimeOptions withSpinning(boolean value) {
        return new RuntimeOptions(
                threads, value, memory, verifyHashes, profile, graphs, concepts, safetyChecker, execution);
    }

    public RuntimeOptions withMemory(MemoryProfile value) {
        return new RuntimeOptions(
                threads, spinning, value, verifyHashes, profile, graphs, concepts, safetyChecker, execution);
    }

    public RuntimeOptions withVerifyHashes(boolean value) {
        return new RuntimeOptions(
                threads, spinning, memory, value, profile, graphs, concepts, safetyChecker, execution);
    }

    public RuntimeOptions withProfile(Path folder) {
        return new RuntimeOptions(
                threads,
                spinning,
                memory,
                verifyHashes,
                Optional.of(folder),
                graphs,
                concepts,
                safetyChecker,
                execution);
    }

    /** Keeps graphs as of networks that are made for a while, where it keeps any. */
    public RuntimeOptions withGraphsOfCopies() {
        return graphs.map(present -> withGraphs(present.forCopies())).orElse(this);
    }

    public RuntimeOptions withoutGraphs() {
        return new RuntimeOptions(
                threads, spinning, memory, verifyHashes, profile, Optional.empty(), concepts, safetyChecker, execution);
    }

    public RuntimeOptions withGraphs(GraphFolder folder) {
        return new RuntimeOptions(
                threads,
                spinning,
                memory,
                verifyHashes,
                profile,
                Optional.of(folder),
                concepts,
                safetyChecker,
                execution);
    }

    public RuntimeOptions withConcepts(Path folder) {
        return new RuntimeOptions(
                threads,
                spinning,
                memory,
                verifyHashes,
                profile,
                graphs,
                Optional.of(folder),
                safetyChecker,
                execution);
    }

    public RuntimeOptions withSafetyChecker(boolean value) {
        return new RuntimeOptions(threads, spinning, memory, verifyHashes, profile, graphs, concepts, value, execution);
    }

    public RuntimeOptions withExecution(Execution value) {
        return new RuntimeOptions(
                threads, spinning, memory, verifyHashes, profile, graphs, concepts, safetyChecker, value);
    }
}
