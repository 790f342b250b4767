package dev.mobilediffusion.server.security;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The keys as a running server sees them: read again whenever their file has changed, which is looked at before every
 * answer. A file that cannot be used lets nobody in. Thread-safe.
 */
final class KeyRing {

    private static final System.Logger LOG = System.getLogger(KeyRing.class.getName());

    private final KeyFile file;
    private Stamp stamp = Stamp.UNREAD;
    private List<ApiKey> keys = List.of();

    KeyRing(KeyFile file) {
        this.file = file;
    }

    /** The key whose text is {@code secret}, usable or not. Compares with all, whichever matches. */
    Optional<ApiKey> find(String secret) {
        String sha256 = Secret.sha256(secret);
        Optional<ApiKey> found = Optional.empty();
        for (ApiKey key : current()) {
            if (Secret.isSame(key.sha256(), sha256)) {
                found = Optional.of(key);
            }
        }
        return found;
    }

    /** The usable key of that name. */
    Optional<ApiKey> named(String name) {
        Instant now = file.now();
        return current().stream()
                .filter(key -> key.name().equals(name) && key.isUsable(now))
                .findFirst();
    }

    private synchronized List<ApiKey> current() {
        Stamp now = Stamp.of(file);
        if (!now.equals(stamp)) {
            try {
                keys = file.read();
            } catch (KeyFileException e) {
                LOG.log(System.Logger.Level.ERROR, "nobody can come in by a key: {0}", e.getMessage());
                keys = List.of();
            }
            stamp = now;
        }
        return keys;
    }

    /** What changes with every change of the file: it is replaced, so it is another file each time. */
    private record Stamp(Object fileKey, FileTime modified, long size) {

        static final Stamp UNREAD = new Stamp("unread", FileTime.fromMillis(0), -2);
        static final Stamp ABSENT = new Stamp("absent", FileTime.fromMillis(0), -1);

        static Stamp of(KeyFile file) {
            try {
                BasicFileAttributes found = Files.readAttributes(file.path(), BasicFileAttributes.class);
                Object fileKey = found.fileKey() == null ? "" : found.fileKey();
                return new Stamp(fileKey, found.lastModifiedTime(), found.size());
            } catch (NoSuchFileException e) {
                return ABSENT;
            } catch (IOException e) {
                return new Stamp("unreadable", FileTime.fromMillis(0), -3);
            }
        }
    }
}
