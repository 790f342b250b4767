package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Networks as ONNX Runtime optimized them, kept in a folder: a later start need not do it again, and maps the weights,
 * which are in the form that the processor's kernels read, instead of copying them. An entry is a folder:
 *
 * <pre>
 * 1a2b…-3c4d…/           hash of the network's path, hash of its {@link GraphKey}
 *     model.onnx         the optimized graph
 *     weights.bin        its weights
 *     checksums          path of the network, then CRC-32C of both files
 * copy-5e6f…/            the same of a copy that LoRAs or a control changed: hash of its content
 * </pre>
 *
 * <p>An entry under its final name is whole. One whose key is another (files replaced, ONNX Runtime updated, disk moved
 * to another processor) or whose files are not what was written is made anew. Of copies those that were used last stay, at
 * most {@value #MAX_COPIES} and {@value #MAX_COPIES_BYTES} bytes. What cannot be kept, as on a full or
 * read-only disk, is optimized at every start. Thread-safe, between processes too.
 */
final class GraphCache {

    private static final System.Logger LOG = System.getLogger(GraphCache.class.getName());

    static final String GRAPH = "model.onnx";
    static final String WEIGHTS = "weights.bin";
    static final String CHECKSUMS = "checksums";

    private static final String SAVE_WEIGHTS_AS = "session.optimized_model_external_initializers_file_name";
    private static final String SAVE_WEIGHTS_FROM = "session.optimized_model_external_initializers_min_size_in_bytes";

    /** Smaller ones stay in the graph: shapes, biases. */
    private static final String LEAST_WEIGHT_BYTES = "1024";

    /** Half-precision weights double; so much of the network's size must be free, with this besides. */
    private static final int GROWTH = 2;

    private static final long LEAVE_FREE_BYTES = 256L << 20;

    static final int MAX_COPIES = 6;

    /** A copy that alone may be larger is not kept. */
    private static final long MAX_COPIES_BYTES = 4L << 30;

    private static final int CHUNK_BYTES = 1 << 16;

    /** What is unfinished after this was left behind by a process that was killed. */
    private static final Duration LONGEST_BUILD = Duration.ofHours(1);

    private final Path folder;

    GraphCache(Path folder) {
        this.folder = folder;
    }

    /** Where a network's optimized graph is; empty where there is none that is whole and of this key. */
    Optional<Path> find(GraphKey key) {
        Path entry = folder.resolve(key.entry());
        try {
            List<String> lines = Files.readAllLines(entry.resolve(CHECKSUMS));
            if (!lines.equals(checksums(key, entry))) {
                return Optional.empty();
            }
            if (key.isOfCopy()) {
                Files.setLastModifiedTime(entry, FileTime.from(Instant.now())); // when it was last used
            }
            return Optional.of(entry.resolve(GRAPH));
        } catch (IOException missing) {
            return Optional.empty();
        }
    }

    /**
     * Optimizes a network and keeps the result.
     *
     * @param options for the session which optimizes; where it is to write is added
     * @return the optimized graph; empty when it could not be kept
     * @throws OrtException when the network itself cannot be loaded
     */
    Optional<Path> make(GraphKey key, OrtEnvironment environment, SessionOptions options) throws OrtException {
        Path building;
        try {
            if (!hasRoom(key) || (key.isOfCopy() && GROWTH * key.bytes() > MAX_COPIES_BYTES)) {
                return Optional.empty();
            }
            building = Files.createTempDirectory(Files.createDirectories(folder), "building-");
        } catch (IOException notToBeWritten) {
            return Optional.empty();
        }
        try {
            options.setOptimizedModelFilePath(building.resolve(GRAPH).toString());
            options.addConfigEntry(SAVE_WEIGHTS_AS, WEIGHTS);
            options.addConfigEntry(SAVE_WEIGHTS_FROM, LEAST_WEIGHT_BYTES);
            environment.createSession(key.network().toString(), options).close();
            Files.write(building.resolve(CHECKSUMS), checksums(key, building));
            Path entry = folder.resolve(key.entry());
            removeOthers(key);
            if (key.isOfCopy()) {
                makeRoom(bytes(building));
            }
            Files.move(building, entry, StandardCopyOption.ATOMIC_MOVE);
            return Optional.of(entry.resolve(GRAPH));
        } catch (IOException failure) {
            LOG.log(System.Logger.Level.DEBUG, "the optimized graph was not kept", failure);
            return find(key); // another process may have made it meanwhile
        } finally {
            remove(building);
        }
    }

    private boolean hasRoom(GraphKey key) throws IOException {
        Path existing = folder;
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        return Files.getFileStore(existing).getUsableSpace() > GROWTH * key.bytes() + LEAVE_FREE_BYTES;
    }

    /** Entries of the same network with another key, this key's own when it is damaged, and those of networks gone. */
    private void removeOthers(GraphKey key) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                if (entry.getFileName().toString().startsWith(key.isOfCopy() ? key.entry() : key.pathHash())
                        || isOrphan(entry)) {
                    remove(entry);
                }
            }
        }
    }

    /** Removes the copies that were used longest ago, until another of {@code bytes} is within the bounds. */
    private void makeRoom(long bytes) throws IOException {
        List<Path> copies;
        try (Stream<Path> entries = Files.list(folder)) {
            copies = entries.filter(entry -> entry.getFileName().toString().startsWith(GraphKey.COPY))
                    .sorted(Comparator.comparing(GraphCache::usedAt).reversed())
                    .toList();
        }
        long total = bytes;
        for (int i = 0; i < copies.size(); i++) {
            total += bytes(copies.get(i));
            if (i + 1 >= MAX_COPIES || total > MAX_COPIES_BYTES) {
                remove(copies.get(i));
            }
        }
    }

    private static FileTime usedAt(Path entry) {
        try {
            return Files.getLastModifiedTime(entry);
        } catch (IOException goneMeanwhile) {
            return FileTime.fromMillis(0);
        }
    }

    private static long bytes(Path entry) throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(entry)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                bytes += Files.size(file);
            }
        } catch (NoSuchFileException goneMeanwhile) {
            return 0;
        }
        return bytes;
    }

    private static boolean isOrphan(Path entry) {
        try {
            List<String> lines = Files.readAllLines(entry.resolve(CHECKSUMS));
            return lines.isEmpty()
                    || (!lines.getFirst().equals(GraphKey.COPY) && Files.notExists(Path.of(lines.getFirst())));
        } catch (IOException unfinished) {
            return isOld(entry); // a younger one may be being made by another process
        }
    }

    private static boolean isOld(Path entry) {
        try {
            return Files.getLastModifiedTime(entry)
                    .toInstant()
                    .isBefore(Instant.now().minus(LONGEST_BUILD));
        } catch (IOException goneMeanwhile) {
            return false;
        }
    }

    private static List<String> checksums(GraphKey key, Path entry) throws IOException {
        return List.of(key.subject(), checksum(entry.resolve(GRAPH)), checksum(entry.resolve(WEIGHTS)));
    }

    /** Against decay, not against attackers: who can write here can write checksums too. */
    private static String checksum(Path file) throws IOException {
        if (Files.notExists(file)) {
            return "none"; // of a network without any weight that is large enough
        }
        CRC32C checksum = new CRC32C();
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
        try (FileChannel channel = FileChannel.open(file)) {
            while (channel.read(chunk) >= 0) {
                checksum.update(chunk.flip());
                chunk.clear();
            }
        }
        return "%08x %s"
                .formatted(
                        checksum.getValue(),
                        Files.readAttributes(file, BasicFileAttributes.class).size());
    }

    /** Removes an entry's folder with its files, where there is one. */
    static void remove(Path entry) {
        if (Files.notExists(entry)) {
            return;
        }
        try (Stream<Path> files = Files.list(entry)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(entry);
        } catch (IOException leftBehind) {
            LOG.log(System.Logger.Level.DEBUG, "an old graph stays on disk", leftBehind);
        }
    }
}
