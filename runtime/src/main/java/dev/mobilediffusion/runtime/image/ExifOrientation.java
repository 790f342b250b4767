package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.RgbImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * How a camera was held (EXIF 2.32, section 4.6.4, tag 274), which is written beside pixels that were left as they came.
 *
 * @param code 1 to 8; 1 is upright
 */
record ExifOrientation(int code) {

    private static final ExifOrientation UPRIGHT = new ExifOrientation(1);
    private static final int TAG = 274;
    private static final String JPEG_HEADER = "Exif\0\0";

    /** By a JPEG's, PNG's or WebP's EXIF; upright where there is none that can be read. */
    static ExifOrientation of(byte[] file) {
        try {
            byte[] exif = exif(file);
            return exif.length == 0 ? UPRIGHT : of(ByteBuffer.wrap(exif));
        } catch (IndexOutOfBoundsException damaged) {
            return UPRIGHT;
        }
    }

    private static ExifOrientation of(ByteBuffer tiff) {
        tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int directory = tiff.getInt(4);
        int entries = tiff.getShort(directory) & 0xffff;
        for (int entry = 0; entry < entries; entry++) {
            int at = directory + 2 + 12 * entry;
            if ((tiff.getShort(at) & 0xffff) == TAG) {
                int code = tiff.getShort(at + 8);
                return code >= 1 && code <= 8 ? new ExifOrientation(code) : UPRIGHT;
            }
        }
        return UPRIGHT;
    }

    /** The TIFF structure in the file; empty when there is none. */
    private static byte[] exif(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        if (ImageFileReader.startsWith(file, 0, "RIFF")) {
            bytes.order(ByteOrder.LITTLE_ENDIAN);
            for (int at = 12; at + 8 <= file.length; at += 8 + padded(bytes.getInt(at + 4))) {
                if (ImageFileReader.startsWith(file, at, "EXIF")) {
                    byte[] exif = Arrays.copyOfRange(file, at + 8, Math.addExact(at + 8, bytes.getInt(at + 4)));
                    return ImageFileReader.startsWith(exif, 0, JPEG_HEADER)
                            ? Arrays.copyOfRange(exif, 6, exif.length)
                            : exif;
                }
            }
        } else if (ImageFileReader.startsWith(file, 1, "PNG")) {
            for (int at = 8; at + 8 <= file.length; at += 12 + length(bytes.getInt(at))) {
                if (ImageFileReader.startsWith(file, at + 4, "eXIf")) {
                    return Arrays.copyOfRange(file, at + 8, at + 8 + bytes.getInt(at));
                }
            }
        } else {
            for (int at = 2;
                    at + 4 <= file.length && bytes.get(at) == (byte) 0xff;
                    at += 2 + (bytes.getShort(at + 2) & 0xffff)) {
                if (bytes.get(at + 1) == (byte) 0xe1 && ImageFileReader.startsWith(file, at + 4, JPEG_HEADER)) {
                    return Arrays.copyOfRange(file, at + 10, at + 2 + (bytes.getShort(at + 2) & 0xffff));
                }
            }
        }
        return new byte[0];
    }

    private static int padded(int length) {
        return length(length) + (length & 1);
    }

    private static int length(int length) {
        if (length < 0 || length > ImageFileReader.MAX_BYTES) {
            throw new IndexOutOfBoundsException(length);
        }
        return length;
    }

    /** The image as it was seen. */
    ImageFileReader.Read turned(ImageFileReader.Read read) {
        if (code == 1) {
            return read;
        }
        RgbImage from = read.image();
        boolean onItsSide = code > 4;
        int width = onItsSide ? from.height() : from.width();
        int height = onItsSide ? from.width() : from.height();
        byte[] rgb = new byte[from.rgb().length];
        byte[] alpha = new byte[read.alpha().length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int source = source(x, y, from.width(), from.height());
                int target = y * width + x;
                System.arraycopy(from.rgb(), 3 * source, rgb, 3 * target, 3);
                if (alpha.length > 0) {
                    alpha[target] = read.alpha()[source];
                }
            }
        }
        return new ImageFileReader.Read(new RgbImage(width, height, rgb), alpha);
    }

    /** Which pixel of the file is seen at (x, y). */
    private int source(int x, int y, int width, int height) {
        int right = width - 1;
        int bottom = height - 1;
        return switch (code) {
            case 2 -> y * width + right - x;
            case 3 -> (bottom - y) * width + right - x;
            case 4 -> (bottom - y) * width + x;
            case 5 -> x * width + y;
            case 6 -> (bottom - x) * width + y;
            case 7 -> (bottom - x) * width + right - y;
            case 8 -> x * width + right - y;
            default -> y * width + x;
        };
    }
}
