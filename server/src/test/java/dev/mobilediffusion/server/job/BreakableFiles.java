package dev.mobilediffusion.server.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A disk that a test can break: a write then leaves half of its bytes behind and fails. */
final class BreakableFiles implements FileLayer {

    private volatile String failure = "";
    private volatile long freeBytes = Long.MAX_VALUE;

    void breakWith(String message) {
        failure = message;
    }

    void repair() {
        failure = "";
    }

    void leaveFree(long bytes) {
        freeBytes = bytes;
    }

    @Override
    public void writeThrough(Path file, byte[] bytes) throws IOException {
        if (!failure.isEmpty()) {
            Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
            throw new IOException(failure);
        }
        FileLayer.super.writeThrough(file, bytes);
    }

    @Override
    public long usableBytes(Path folder) {
        return freeBytes;
    }
}
