package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.image.ImageFormat;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Where images go: names for them, checks before any work is done, and writing that leaves no half image. */
final class ImageFile {

    private static final int MAX_SLUG_LENGTH = 60;

    private static final Charset FILE_NAMES = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

    private ImageFile() {}

    /** A name that tells what is on the image: {@code a-red-house-by-the-sea-7.png}. */
    static Path named(String prompt, long seed) {
        return Path.of(name(prompt, seed, FILE_NAMES));
    }

    /** As {@link #named}, of letters that {@code encoding} has; where no locale is set Java's file names are ASCII. */
    static String name(String prompt, long seed, Charset encoding) {
        CharsetEncoder encoder = encoding.newEncoder();
        String slug = prompt.toLowerCase(Locale.ROOT)
                .codePoints()
                .filter(letter -> !Character.isLetterOrDigit(letter) || encoder.canEncode(Character.toString(letter)))
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString()
                .replaceAll("[^\\p{L}\\p{N}]+", "-")
                .replaceAll("^-|-$", "");
        if (slug.length() > MAX_SLUG_LENGTH) {
            slug = slug.substring(0, MAX_SLUG_LENGTH).replaceAll("-[^-]*$", "");
        }
        return "%s-%s.png".formatted(slug.isEmpty() ? "picture" : slug, seed);
    }

    /** The file itself for one image; {@code house-1.png}, {@code house-2.png} … for more. */
    static List<Path> numbered(Path file, int count) {
        if (count == 1) {
            return List.of(file);
        }
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        String stem = dot > 0 ? name.substring(0, dot) : name;
        String extension = dot > 0 ? name.substring(dot) : "";
        List<Path> files = new ArrayList<>();
        for (int number = 1; number <= count; number++) {
            files.add(file.resolveSibling(stem + "-" + number + extension));
        }
        return files;
    }

    /**
     * What to write, by the name's ending.
     *
     * @throws IllegalArgumentException with the rest of a sentence that begins with the flag, for another ending
     */
    static ImageFormat format(Path file) {
        String name = file.toString();
        return ImageFormat.of(name.substring(name.lastIndexOf('.') + 1))
                .orElseThrow(() -> new IllegalArgumentException(
                        "must end in .png, .jpg, .jpeg or .webp, got '%s'".formatted(file)));
    }

    /** @throws IllegalArgumentException with the rest of a sentence that begins with the flag, when nothing can be written there */
    static void checkWritable(Path file) {
        if (Files.isDirectory(file)) {
            throw new IllegalArgumentException("must name a file, but %s is a folder".formatted(file));
        }
        format(file);
        Path folder = file.toAbsolutePath().getParent();
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new IllegalArgumentException("must name an ordinary file, but %s is something else".formatted(file));
        }
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("must lie in a folder that exists, but %s does not".formatted(folder));
        }
        if (!Files.isWritable(folder)) {
            throw new IllegalArgumentException(
                    "must lie in a folder that can be written to, unlike %s".formatted(folder));
        }
    }

    /** Writes all of {@code bytes} or, when that fails, nothing: what was there before stays. */
    static void write(Path file, byte[] bytes) {
        Path part = file.resolveSibling(".%s.%s.part"
                .formatted(file.getFileName(), ProcessHandle.current().pid()));
        try {
            Files.write(
                    part,
                    bytes,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failure) {
            remove(part, failure);
            throw new CommandFailure("cannot write %s: %s".formatted(file, reason(failure)), failure);
        }
    }

    private static void remove(Path part, IOException failure) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException another) {
            failure.addSuppressed(another);
        }
    }

    private static String reason(IOException failure) {
        return switch (failure) {
            case AccessDeniedException denied -> "permission denied";
            case NoSuchFileException gone -> "no file can be made there";
            case FileSystemException detailed when detailed.getReason() != null -> detailed.getReason();
            default -> String.valueOf(failure.getMessage());
        };
    }

    /**
     * The image in a file.
     *
     * @param option that names it
     * @throws IllegalArgumentException that says why it holds none
     */
    static ImageFileReader.Read read(Path file, String option) {
        try {
            long bytes = Files.size(file);
            if (bytes > ImageFileReader.MAX_BYTES) {
                throw new IllegalArgumentException(
                        "%s must have at most %s bytes, got %s".formatted(option, ImageFileReader.MAX_BYTES, bytes));
            }
            return ImageFileReader.read(Files.readAllBytes(file), option);
        } catch (InferenceException refused) {
            throw new IllegalArgumentException(refused.getMessage(), refused);
        } catch (IOException failure) {
            throw new IllegalArgumentException("%s cannot be read: %s".formatted(option, failure), failure);
        }
    }
}
