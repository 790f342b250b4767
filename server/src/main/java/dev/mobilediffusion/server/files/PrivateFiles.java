package dev.mobilediffusion.server.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** Files and folders that their owner alone may read and write: modes 600 and 700, where the file system has modes. */
public final class PrivateFiles {

    private static final System.Logger LOG = System.getLogger(PrivateFiles.class.getName());
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> FOLDER_OF_OWNER = PosixFilePermissions.fromString("rwx------");

    private PrivateFiles() {}

    /** Replaces {@code file} by one with {@code text}: whole or not at all, and never readable by others meanwhile. */
    public static void write(Path file, String text) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        createFolder(folder);
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
    public static FileChannel openLock(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        createFolder(folder);
        FileChannel channel = FileChannel.open(
                file, EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), attributes(folder));
        leaveToOwner(file, folder);
        return channel;
    }

    /** Creates {@code folder}, and those above it that are missing; one that is there stays as it is. */
    public static void createFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Path above = folder.toAbsolutePath();
            while (!Files.exists(above)) {
                above = above.getParent();
            }
            Files.createDirectories(
                    folder,
                    hasModes(above)
                            ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(FOLDER_OF_OWNER)}
                            : new FileAttribute<?>[0]);
        }
    }

    /** Creates an empty {@code file} where there is none. */
    public static void createIfMissing(Path file) throws IOException {
        try {
            Files.createFile(file, attributes(file.toAbsolutePath().getParent()));
        } catch (FileAlreadyExistsException present) {
            LOG.log(System.Logger.Level.TRACE, "{0} is there", present.getFile());
        }
    }

    /**
     * Takes {@code file}, which may be a folder, away from others where they may read or write it, as an older version, a
     * copy or a volume's rules may have left it.
     *
     * @throws IOException when that is not possible
     */
    public static void makePrivate(Path file) throws IOException {
        if (isOpenToOthers(file)) {
            Set<PosixFilePermission> found = Files.getPosixFilePermissions(file);
            Files.setPosixFilePermissions(file, Files.isDirectory(file) ? FOLDER_OF_OWNER : OWNER_ONLY);
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} was open to others ({1}); only its owner may read it now",
                    file,
                    PosixFilePermissions.toString(found));
        }
    }

    /** Whether anybody but the owner may do anything with {@code file}, which may be a folder. */
    public static boolean isOpenToOthers(Path file) throws IOException {
        return hasModes(file) && !FOLDER_OF_OWNER.containsAll(Files.getPosixFilePermissions(file));
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
