package dev.mobilediffusion.server.security;

import dev.mobilediffusion.server.files.PrivateFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/**
 * The keys of a data folder, in {@code keys.json}: hashes, names and limits, readable by their owner alone. Two
 * processes that change it take turns.
 */
public final class KeyFile {

    private final Path file;
    private final Path lock;
    private final Clock clock;

    public KeyFile(Path data, Clock clock) {
        this.file = data.resolve("keys.json");
        this.lock = data.resolve("keys.lock");
        this.clock = clock;
    }

    Path path() {
        return file;
    }

    Instant now() {
        return clock.instant();
    }

    /**
     * All keys, the revoked and expired ones too; none where there is no file.
     *
     * @throws KeyFileException when the file cannot be read, or is not what {@link #add} writes
     */
    public List<ApiKey> read() {
        try {
            PrivateFiles.makePrivate(file);
            return KeyJson.read(Files.readString(file));
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new KeyFileException("cannot read %s: %s".formatted(file, reason(e)), e);
        } catch (IllegalArgumentException e) {
            throw new KeyFileException("cannot use %s: %s".formatted(file, e.getMessage()), e);
        }
    }

    /** Whether anybody could come in by a key now. */
    public boolean hasUsableKey() {
        Instant now = now();
        return read().stream().anyMatch(key -> key.isUsable(now));
    }

    /**
     * Makes a key; a revoked or expired one of that name gives way.
     *
     * @throws IllegalArgumentException for a wrong name, limit or time, and where the name is in use
     * @throws KeyFileException when the file cannot be read or written
     */
    public IssuedKey add(String name, Optional<Instant> expires, OptionalInt picturesPerMinute) {
        Instant now = now();
        if (expires.isPresent() && !expires.get().isAfter(now)) {
            throw new IllegalArgumentException("a key must expire in the future, got " + expires.get());
        }
        String secret = Secret.random();
        ApiKey key = new ApiKey(name, Secret.sha256(secret), now, expires, picturesPerMinute, Optional.empty());
        change(keys -> {
            List<ApiKey> others = new ArrayList<>(keys);
            others.removeIf(other -> other.name().equals(name) && !other.isUsable(now));
            if (others.stream().anyMatch(other -> other.name().equals(name))) {
                throw new IllegalArgumentException("there is a key '%s' already; revoke it first".formatted(name));
            }
            others.add(key);
            return others;
        });
        return new IssuedKey(key, secret);
    }

    /**
     * Lets nobody in by the key {@code name} any more; a running server notices at its next request.
     *
     * @throws IllegalArgumentException when there is no such key
     * @throws KeyFileException when the file cannot be read or written
     */
    public void revoke(String name) {
        Instant now = now();
        change(keys -> {
            if (keys.stream().noneMatch(key -> key.name().equals(name))) {
                throw new IllegalArgumentException("there is no key '%s'".formatted(name));
            }
            return keys.stream()
                    .map(key -> key.name().equals(name) ? key.revokedAt(now) : key)
                    .toList();
        });
    }

    private void change(UnaryOperator<List<ApiKey>> edit) {
        try (FileChannel channel = PrivateFiles.openLock(lock);
                FileLock held = channel.lock()) {
            if (held.isValid()) {
                PrivateFiles.write(file, KeyJson.write(edit.apply(read())));
            }
        } catch (IOException e) {
            throw new KeyFileException("cannot write %s: %s".formatted(file, reason(e)), e);
        }
    }

    /** Java's file exceptions often say no more than the file's name. */
    private static String reason(IOException failure) {
        String message = failure.getMessage();
        return failure.getClass().getSimpleName().replace("Exception", "") + (message == null ? "" : " " + message);
    }
}
