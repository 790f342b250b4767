package dev.mobilediffusion.runtime.onnx;

import dev.mobilediffusion.runtime.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.stream.Stream;

/**
 * What an optimized graph depends on: the network's files by size and time, ONNX Runtime, and the processor.
 *
 * @param network absolute path of its {@code model.onnx}
 * @param pathHash names the network
 * @param hash names all that the graph depends on
 * @param bytes of the network's files
 */
record GraphKey(Path network, String pathHash, String hash, long bytes) {

    /** To be raised when the same key would no longer give the same graph. */
    private static final String FORM = "2";

    private static final int HASH_DIGITS = 16;

    /**
     * @param processor what tells processors apart
     * @throws IOException when the network's files cannot be listed
     */
    static GraphKey of(Path network, String ortVersion, String processor) throws IOException {
        Path absolute = network.toAbsolutePath().normalize();
        StringBuilder text =
                new StringBuilder(String.join("\n", FORM, ortVersion, System.getProperty("os.arch"), processor));
        long bytes = 0;
        try (Stream<Path> files = Files.list(absolute.getParent()).sorted()) {
            for (Path file : (Iterable<Path>) files::iterator) {
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                bytes += attributes.size();
                text.append('\n').append(file.getFileName()).append(' ').append(attributes.size());
                text.append(' ').append(attributes.lastModifiedTime());
            }
        }
        return new GraphKey(absolute, sha256(absolute.toString()), sha256(text.toString()), bytes);
    }

    /** Name of the entry's folder. */
    String entry() {
        return pathHash + "-" + hash;
    }

    private static String sha256(String text) {
        return Sha256.of(text).substring(0, HASH_DIGITS);
    }
}
