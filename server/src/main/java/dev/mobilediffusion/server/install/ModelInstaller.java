package dev.mobilediffusion.server.install;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.bundle.BundleVerifier;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Puts models into a library and takes them out, each by one rename, so that a running server sees a model whole or not
 * at all. What is being installed lies in a hidden folder beside the models.
 */
public final class ModelInstaller {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

    private final ModelLibrary library;
    private final HubClient hub;
    private final Consumer<Path> trial;

    /**
     * @param trial opens the model in a folder as drawing would, and throws {@link InferenceException} when that does not
     *     work
     */
    public ModelInstaller(ModelLibrary library, HubClient hub, Consumer<Path> trial) {
        this.library = library;
        this.hub = hub;
        this.trial = trial;
    }

    /**
     * Installs the model that {@code source} names: a folder, a zip, or {@code owner/name} on the hub, perhaps with
     * {@code @revision}.
     *
     * @param wanted what it will be called; empty for its own name
     * @return what it is called
     * @throws InstallException when it cannot be had or cannot run here; then nothing is installed
     */
    public String add(String source, Optional<String> wanted, InstallProgress progress) {
        ModelSource from = source(source);
        String name = wanted.orElse(from.name());
        Path target = target(name);
        if (Files.exists(target)) {
            throw new InstallException(
                    "there is a model '%s' already; remove it first, or give the new one another name with --name"
                            .formatted(name));
        }
        Path staging = staging(name);
        try {
            Files.createDirectories(library.folder());
            try (FileChannel channel = FileChannel.open(
                            library.folder().resolve(".adding-" + name + ".lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
                    FileLock lock = lock(channel, name)) {
                if (!from.isResumable() && Files.exists(staging)) {
                    delete(staging); // of a try that was killed
                }
                Files.createDirectories(staging);
                try {
                    install(from, staging, target, source, progress);
                } finally {
                    Files.deleteIfExists(library.folder().resolve(".adding-" + name + ".lock"));
                }
            }
            return name;
        } catch (IOException failure) {
            throw new InstallException(
                    "%s could not be installed: %s; nothing was changed".formatted(name, failure), failure);
        }
    }

    /**
     * Removes a model, or what a download of it that broke off has left. A server that has it loaded keeps it until it
     * needs the memory.
     */
    public void remove(String name) {
        Path broken = staging(name);
        if (!library.names().contains(name) && !Files.isDirectory(broken)) {
            throw new InstallException("there is no model '%s' in %s, only %s"
                    .formatted(name, library.folder(), String.join(", ", library.names())));
        }
        Path model = Files.exists(target(name)) ? target(name) : broken;
        try {
            if (Files.isSymbolicLink(model)) {
                Files.delete(model);
                return;
            }
            Path removed = library.folder().resolve(".removed-" + UUID.randomUUID());
            Files.move(model, removed, StandardCopyOption.ATOMIC_MOVE);
            delete(removed);
        } catch (IOException failure) {
            throw new InstallException("%s could not be removed: %s".formatted(name, failure), failure);
        }
    }

    private ModelSource source(String source) {
        Path path;
        try {
            path = Path.of(source);
        } catch (InvalidPathException odd) {
            throw new InstallException("the source '%s' is no path and no model's name".formatted(source), odd);
        }
        if (Files.isDirectory(path)) {
            return new FolderSource(path);
        }
        if (Files.isRegularFile(path)) {
            return new ZipSource(path);
        }
        return HubSource.parse(source, hub)
                .orElseThrow(() -> new InstallException(
                        "'%s' is no folder and no zip of this machine, and no model on a hub, which is written owner/name"
                                .formatted(source)));
    }

    private Path staging(String name) {
        return library.folder().resolve(".adding-" + target(name).getFileName());
    }

    private Path target(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new InstallException(
                    "a model's name must have 1 to 100 letters, digits, dots, dashes or underscores and begin with a letter or digit, got '%s'; give it one with --name"
                            .formatted(name));
        }
        return library.folder().resolve(name);
    }

    private static FileLock lock(FileChannel channel, String name) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return lock;
            }
        } catch (OverlappingFileLockException sameProcess) {
            // As busy as when another process has it
            assert sameProcess != null;
        }
        throw new InstallException("'%s' is being installed already; wait for that to end".formatted(name));
    }

    private void install(ModelSource from, Path staging, Path target, String source, InstallProgress progress)
            throws IOException {
        boolean keep = false;
        try {
            from.copyTo(staging, progress);
            ModelBundle bundle = ModelBundle.open(staging);
            bundle.verify();
            bundle.networks();
            trial.accept(staging);
            if (bundle.manifest().isEmpty()) {
                writeManifest(staging, target.getFileName().toString(), source);
            }
            Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (InferenceException unusable) {
            // In the words of where the files came from, not of where they lay meanwhile
            String reason = unusable.getMessage()
                    .replace(staging.toAbsolutePath().normalize().toString(), source);
            throw new InstallException("%s cannot be used: %s".formatted(source, reason), unusable);
        } catch (InstallException refusal) {
            keep = refusal.isResumable() && hasFiles(staging);
            throw refusal;
        } finally {
            if (!keep && Files.exists(staging)) {
                delete(staging);
            }
        }
    }

    /** So that {@code models verify} can tell later, and nobody hashes gigabytes at every start. */
    private static void writeManifest(Path folder, String name, String source) throws IOException {
        ObjectNode manifest = JSON.createObjectNode().put("format_version", 1).put("name", name);
        ObjectNode files = manifest.putObject("files");
        BundleVerifier.hashes(folder).forEach(files::put);
        manifest.putObject("made_by").put("installed_from", source);
        Files.write(
                folder.resolve("bundle.json"),
                JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(manifest));
    }

    private static boolean hasFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.anyMatch(Files::isRegularFile);
        }
    }

    private static void delete(Path folder) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> files = Files.walk(folder)) {
            deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : deepestFirst) {
            Files.delete(file);
        }
    }
}
