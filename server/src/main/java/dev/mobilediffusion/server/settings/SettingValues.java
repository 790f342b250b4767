package dev.mobilediffusion.server.settings;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Settings as text, each readable as what it means. An unknown key is refused, with the nearest known one; a value that
 * cannot be read as its kind is refused with key, kind and value. Where nothing was given, what {@code otherwise} says
 * holds.
 */
public final class SettingValues {

    /** Which file to read; and what the launcher and CI read. */
    private static final Set<String> OTHERS = Set.of(
            "MOBILEDIFFUSION_CONFIG",
            "MOBILEDIFFUSION_JAVA_OPTS",
            "MOBILEDIFFUSION_JVM_FOLDERS",
            "MOBILEDIFFUSION_PYTHON");

    private final Map<String, String> values;

    private SettingValues(Map<String, String> values) {
        this.values = values;
    }

    /** @throws IllegalArgumentException naming an unknown key */
    public static SettingValues of(Map<String, String> values) {
        values.keySet().forEach(Settings::require);
        return new SettingValues(values);
    }

    /** The settings among the environment's variables. */
    public static Map<String, String> ofEnvironment(Map<String, String> environment) {
        Map<String, String> found = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith(Setting.PREFIX) && !OTHERS.contains(name)) {
                found.put(
                        name.substring(Setting.PREFIX.length())
                                .toLowerCase(Locale.ROOT)
                                .replace('_', '-'),
                        value);
            }
        });
        return found;
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    public Optional<String> text(String key) {
        return Optional.ofNullable(values.get(key));
    }

    public long whole(String key, long otherwise) {
        if (!values.containsKey(key)) {
            return otherwise;
        }
        try {
            return Integer.parseInt(values.get(key).strip());
        } catch (NumberFormatException e) {
            return longOf(key);
        }
    }

    private long longOf(String key) {
        try {
            long value = Long.parseLong(values.get(key).strip());
            if (Settings.require(key).kind() != Setting.Kind.BYTES) {
                throw wrong(key, "a whole number of at most 31 bits");
            }
            return value;
        } catch (NumberFormatException e) {
            throw wrong(key, "a whole number");
        }
    }

    public Duration duration(String key, Duration otherwise) {
        if (!values.containsKey(key)) {
            return otherwise;
        }
        try {
            return Duration.parse(values.get(key).strip());
        } catch (DateTimeParseException e) {
            throw wrong(key, "a duration such as PT30S");
        }
    }

    public Path path(String key, Path otherwise) {
        try {
            return values.containsKey(key) ? Path.of(values.get(key)) : otherwise;
        } catch (InvalidPathException e) {
            throw wrong(key, "a path");
        }
    }

    public boolean flag(String key, boolean otherwise) {
        return switch (values.getOrDefault(key, Boolean.toString(otherwise)).strip()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(key, "true or false");
        };
    }

    /** The refusal of what was given for {@code key}. */
    public IllegalArgumentException wrong(String key, String expected) {
        return new IllegalArgumentException("%s must be %s, got \"%s\"".formatted(key, expected, values.get(key)));
    }

    public Optional<Path> file(String key, Optional<Path> otherwise) {
        return values.containsKey(key) ? Optional.of(path(key, Path.of(""))) : otherwise;
    }

    public Set<String> words(String key, Set<String> otherwise) {
        if (!values.containsKey(key)) {
            return otherwise;
        }
        return Arrays.stream(values.get(key).split("[,\\s]+", -1))
                .filter(word -> !word.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
    }
}
