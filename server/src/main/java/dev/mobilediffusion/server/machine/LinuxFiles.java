package dev.mobilediffusion.server.machine;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Reads what the kernel shows as files. What cannot be read is empty: a sensor that is switched off answers with an error.
 *
 * @param root of the file system: {@code /}, but in tests
 */
record LinuxFiles(Path root) {

    /** The kernel's files have no size; nothing that is read here is longer. */
    private static final int LONGEST = 1 << 20;

    /** The whole file without white space around it. */
    Optional<String> text(String file) {
        try (InputStream in = Files.newInputStream(root.resolve(file))) {
            return Optional.of(new String(in.readNBytes(LONGEST), StandardCharsets.ISO_8859_1).strip());
        } catch (IOException absent) {
            return Optional.empty();
        }
    }

    /** The whole number in a file; empty where there is none, as with the word {@code max}. */
    OptionalLong number(String file) {
        return text(file).map(LinuxFiles::parse).orElse(OptionalLong.empty());
    }

    /** The digits of the file's first line that begins with {@code name}. */
    OptionalLong field(String file, String name) {
        return text(file).stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith(name))
                .map(line -> parse(line.substring(name.length()).replaceAll("\\D", "")))
                .findFirst()
                .orElse(OptionalLong.empty());
    }

    /** Names in {@code folder} that begin with {@code prefix}, sorted. */
    List<String> names(String folder, String prefix) {
        try (Stream<Path> entries = Files.list(root.resolve(folder))) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.startsWith(prefix))
                    .sorted()
                    .toList();
        } catch (IOException absent) {
            return List.of();
        }
    }

    static OptionalLong parse(String digits) {
        return digits.matches("-?\\d{1,18}") ? OptionalLong.of(Long.parseLong(digits)) : OptionalLong.empty();
    }
}
