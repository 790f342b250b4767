package dev.mobilediffusion.runtime.onnx;

import dev.mobilediffusion.runtime.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.stream.Stream;

/**
 * What an optimized graph depends on: the network's files, ONNX Runtime, and the processor. The files of a network that
 * stays where it is count by size and time, those of a copy that is made for a while by their content.
 *
 * @param network absolute path of its {@code model.onnx}
 * @param pathHash names the network
 * @param hash names all that the graph depends on
 * @param bytes of the network's files
 */
record GraphKey(Path network, String pathHash, String hash, long bytes) {

    /** In the place of a path's hash. */
    static final String COPY = "copy";

    /** To be raised when the same key would no longer give the same graph. */
    private static final String FORM = "2";

    private static final int HASH_DIGITS = 16;

    /**
     * @param processor what tells processors apart
     * @throws IOException when the network's files cannot be listed
     */
    static GraphKey of(Path network, String ortVersion, String processor) throws IOException {
        return of(network, ortVersion, processor, false);
    }

    /**
     * Of a copy, wherever it lies. Reads all of it.
     *
     * @throws IOException when the network's files cannot be read
     */
    static GraphKey ofCopy(Path network, String ortVersion, String processor) throws IOException {
        return of(network, ortVersion, processor, true);
    }

    private static GraphKey of(Path network, String ortVersion, String processor, boolean copy) throws IOException {
        Path absolute = network.toAbsolutePath().normalize();
        StringBuilder text =
                new StringBuilder(String.join("\n", FORM, ortVersion, System.getProperty("os.arch"), processor));
        long bytes = 0;
        try (Stream<Path> files = Files.list(absolute.getParent()).sorted()) {
            for (Path file : (Iterable<Path>) files::iterator) {
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                bytes += attributes.size();
                text.append('\n').append(file.getFileName()).append(' ').append(attributes.size());
                text.append(' ').append(copy ? Sha256.of(file) : attributes.lastModifiedTime());
            }
        }
        return new GraphKey(absolute, copy ? COPY : sha256(absolute.toString()), sha256(text.toString()), bytes);
    }

    boolean isOfCopy() {
        return pathHash.equals(COPY);
    }

    /** What the entry is of: a path, or {@link #COPY}. */
    String subject() {
        return isOfCopy() ? COPY : network.toString();
    }

    /** Name of the entry's folder. */
    String entry() {
        return pathHash + "-" + hash;
    }

    private static String sha256(String text) {
        return Sha256.of(text).substring(0, HASH_DIGITS);
    }
}
