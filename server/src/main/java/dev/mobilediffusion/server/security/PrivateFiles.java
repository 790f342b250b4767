package dev.mobilediffusion.server.security;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** Files that their owner alone may read and write: mode 600, where the file system has modes. */
final class PrivateFiles {

    private static final System.Logger LOG = System.getLogger(PrivateFiles.class.getName());
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    private PrivateFiles() {}

    /** Replaces {@code file} by one with {@code text}: whole or not at all, and never readable by others meanwhile. */
    static void write(Path file, String text) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        Path fresh = Files.createTempFile(folder, file.getFileName().toString(), ".new", attributes(folder));
        try {
            try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            leaveToOwner(fresh, folder);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** Root may make keys for a server that runs as another user: what lies in that user's folder is that user's. */
    private static void leaveToOwner(Path file, Path folder) throws IOException {
        if (hasModes(folder) && "root".equals(Files.getOwner(file).getName())) {
            Files.setOwner(file, Files.getOwner(folder));
        }
    }

    /** Opens a file for locking. */
    static FileChannel openLock(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        FileChannel channel = FileChannel.open(
                file, EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), attributes(folder));
        leaveToOwner(file, folder);
        return channel;
    }

    /**
     * Takes {@code file} away from others where they may read or write it, as a copy or a volume's rules may have left
     * it.
     *
     * @throws IOException when that is not possible
     */
    static void makePrivate(Path file) throws IOException {
        if (!hasModes(file)) {
            return;
        }
        Set<PosixFilePermission> found = Files.getPosixFilePermissions(file);
        if (!OWNER_ONLY.containsAll(found)) {
            Files.setPosixFilePermissions(file, OWNER_ONLY);
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} was open to others ({1}); only its owner may read it now",
                    file,
                    PosixFilePermissions.toString(found));
        }
    }

    private static FileAttribute<?>[] attributes(Path folder) throws IOException {
        return hasModes(folder)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
    }

    private static boolean hasModes(Path path) throws IOException {
        return Files.getFileStore(path).supportsFileAttributeView("posix");
    }
}
