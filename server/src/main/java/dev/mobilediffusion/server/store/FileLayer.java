package dev.mobilediffusion.server.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** The few things done to files, apart so that a test can let a disk fill up or break. */
interface FileLayer {

    FileLayer DISK = new FileLayer() {};

    int PIECE_BYTES = 1 << 18;

    /** Writes a new file and waits until it is on the disk itself. */
    default void writeThrough(Path file, byte[] bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            writeAll(channel, bytes);
            channel.force(true);
        }
    }

    default void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Waits until new and removed names of {@code folder} are on the disk itself. */
    default void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** A file from its first byte on. */
    default InputStream open(Path file) throws IOException {
        return Files.newInputStream(file);
    }

    /** In pieces, because Java copies what it is given here to native memory and keeps as much of that for the next time. */
    static void writeAll(FileChannel channel, byte[] bytes) throws IOException {
        for (int from = 0; from < bytes.length; from += PIECE_BYTES) {
            ByteBuffer piece = ByteBuffer.wrap(bytes, from, Math.min(PIECE_BYTES, bytes.length - from));
            while (piece.hasRemaining()) {
                channel.write(piece);
            }
        }
    }

    /** Bytes that this process may still write. */
    default long usableBytes(Path folder) throws IOException {
        return Files.getFileStore(folder).getUsableSpace();
    }
}
