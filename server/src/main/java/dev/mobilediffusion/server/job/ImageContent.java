package dev.mobilediffusion.server.job;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.InputStream;

/**
 * The bytes of an encoded image, in memory or in a file. Thread-safe; methods throw {@link ApiException} when the bytes
 * are gone or cannot be read.
 */
public interface ImageContent {

    /** @param bytes shared, so not to be written to */
    static ImageContent of(byte[] bytes) {
        return new ImageContent() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public byte[] read() {
                return bytes;
            }
        };
    }

    /** How many bytes. */
    long size();

    /** The bytes from the first on; to be preferred for large ones, which else fill the heap. */
    default InputStream open() {
        return new ByteArrayInputStream(read());
    }

    /** All bytes at once; shared, so not to be written to. */
    byte[] read();

    /** Reads the bytes once to see that they are there and what they were; for before a reply begins that streams them. */
    default void check() {}

    /** Gives back what holds the bytes, where nothing else needs them; reading fails from now on. */
    default void release() {}

    /** What reading says of an image that its client has got, and that nobody else can ask for. */
    static ApiException handedOver() {
        return ApiException.of(ErrorCode.NOT_FOUND, "this picture was handed over to the client that waited for it");
    }
}
