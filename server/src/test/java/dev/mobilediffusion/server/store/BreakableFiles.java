package dev.mobilediffusion.server.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A disk that a test can break: a write then leaves half of its bytes behind and fails. */
public final class BreakableFiles implements FileLayer {

    private volatile String failure = "";
    private volatile long freeBytes = Long.MAX_VALUE;

    /** Opens a store on this disk. */
    public JobStore open(Path folder, Retention retention) {
        return JobStore.open(folder, retention, this);
    }

    public void breakWith(String message) {
        failure = message;
    }

    public void repair() {
        failure = "";
    }

    public void leaveFree(long bytes) {
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
