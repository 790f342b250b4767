package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.Sha256;
import java.util.concurrent.atomic.AtomicReference;

/**
 * An image's file that came with a request. Two with the same bytes are equal, wherever they lie.
 *
 * @param sha256 of the bytes, 64 hex digits
 * @param size in bytes
 * @param content where they are
 */
public record Upload(String sha256, long size, Content content) {

    /** Where an upload's bytes are: in memory, in a file, or on another machine. Thread-safe. */
    @FunctionalInterface
    public interface Content {

        /** All of them; shared, so not to be written to. */
        byte[] read();

        /** Gives back what holds them; reading fails from now on. */
        default void release() {}
    }

    /** @param bytes shared, so not to be written to */
    public static Upload of(byte[] bytes) {
        return new Upload(Sha256.of(bytes), bytes.length, new InMemory(bytes));
    }

    /** Lets go of its bytes when it is released: whoever waits for a job still knows what it sent. */
    private static final class InMemory implements Content {

        private final AtomicReference<byte[]> bytes;

        InMemory(byte[] bytes) {
            this.bytes = new AtomicReference<>(bytes);
        }

        @Override
        public byte[] read() {
            byte[] present = bytes.get();
            if (present == null) {
                throw new IllegalStateException("this upload's bytes were released");
            }
            return present;
        }

        @Override
        public void release() {
            bytes.set(null);
        }
    }

    public Upload withContent(Content value) {
        return new Upload(sha256, size, value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Upload upload && upload.size == size && upload.sha256.equals(sha256);
    }

    @Override
    public int hashCode() {
        return sha256.hashCode();
    }
}
