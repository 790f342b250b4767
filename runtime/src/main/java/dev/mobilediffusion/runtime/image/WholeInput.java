package dev.mobilediffusion.runtime.image;

import javax.imageio.stream.ImageInputStreamImpl;

/**
 * A file in memory that does not suffer being read far beyond its end: some readers take missing bytes for zeros, which
 * makes a few bytes that promise millions of pixels take half a minute.
 */
final class WholeInput extends ImageInputStreamImpl {

    /** Readers look ahead by a few bytes, and some again and again. */
    private static final int PATIENCE = 64;

    private final byte[] file;
    private int missed;

    WholeInput(byte[] file) {
        this.file = file;
    }

    @Override
    public int read() {
        bitOffset = 0;
        return streamPos < file.length ? file[(int) streamPos++] & 0xff : atEnd();
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        bitOffset = 0;
        if (length == 0) {
            return 0;
        }
        int count = (int) Math.min(length, file.length - streamPos);
        if (count <= 0) {
            return atEnd();
        }
        System.arraycopy(file, (int) streamPos, target, offset, count);
        streamPos += count;
        return count;
    }

    @Override
    public long length() {
        return file.length;
    }

    private int atEnd() {
        if (++missed > PATIENCE) {
            throw new IllegalStateException("the file is cut off");
        }
        return -1;
    }
}
