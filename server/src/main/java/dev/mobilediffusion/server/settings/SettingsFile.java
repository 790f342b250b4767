package dev.mobilediffusion.server.settings;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Settings in a file, one a line: {@code queue-capacity = 16}. Blank lines and lines that begin with {@code #} say
 * nothing.
 */
public final class SettingsFile {

    private static final long MAX_BYTES = 1 << 20;

    private final Path file;
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Map<String, Integer> lines = new HashMap<>();

    private SettingsFile(Path file) {
        this.file = file;
    }

    /**
     * What stands in {@code file}.
     *
     * @throws IllegalArgumentException with file and line when a line is no setting, names an unknown one or repeats one,
     *     with the file when it cannot be read
     */
    public static SettingsFile read(Path file) {
        SettingsFile read = new SettingsFile(file);
        int number = 0;
        for (String line : lines(file)) {
            number++;
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            try {
                read.add(number, text);
            } catch (IllegalArgumentException wrong) {
                throw new IllegalArgumentException(
                        "%s, line %s: %s".formatted(file, number, wrong.getMessage()), wrong);
            }
        }
        return read;
    }

    /** By key, as they are written. */
    public Map<String, String> values() {
        return Collections.unmodifiableMap(values);
    }

    /** {@code sentence}, which begins with the key of a wrong value, with file and line before it. */
    public String located(String sentence) {
        Integer line = lines.get(sentence.split(" ", 2)[0]);
        return line == null ? "%s: %s".formatted(file, sentence) : "%s, line %s: %s".formatted(file, line, sentence);
    }

    private void add(int number, String line) {
        int equals = line.indexOf('=');
        if (equals < 0) {
            throw new IllegalArgumentException("must be such as queue-capacity = 16, got \"%s\"".formatted(line));
        }
        String key = Settings.require(line.substring(0, equals).strip()).key();
        if (values.put(key, line.substring(equals + 1).strip()) != null) {
            throw new IllegalArgumentException("%s is set twice".formatted(key));
        }
        lines.put(key, number);
    }

    private static List<String> lines(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IllegalArgumentException("%s has more than %s bytes".formatted(file, MAX_BYTES));
            }
            return Files.readAllLines(file);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException("%s is missing".formatted(file), e);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("%s is not UTF-8 text".formatted(file), e);
        } catch (IOException e) {
            throw new IllegalArgumentException("%s cannot be read (%s)".formatted(file, e.getMessage()), e);
        }
    }
}
