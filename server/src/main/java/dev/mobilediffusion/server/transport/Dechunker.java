package dev.mobilediffusion.server.transport;

import java.io.ByteArrayOutputStream;

/** Takes the frames off a body in chunks as Helidon writes it (RFC 9112, section 7.1), in whatever pieces it comes. */
final class Dechunker {

    private enum Part {
        SIZE,
        CONTENT,
        CONTENT_END,
        TRAILER
    }

    private static final int HEX = 16;

    private Part part = Part.SIZE;
    private int size; // what is left of the chunk

    /** The contents of the chunks in {@code bytes} from {@code from} on. */
    byte[] contents(byte[] bytes, int from) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length - from);
        int next = from;
        while (next < bytes.length) {
            if (part == Part.CONTENT) {
                int count = Math.min(size, bytes.length - next);
                out.write(bytes, next, count);
                next += count;
                size -= count;
                part = size == 0 ? Part.CONTENT_END : Part.CONTENT;
            } else {
                frame(bytes[next++]);
            }
        }
        return out.toByteArray();
    }

    private void frame(byte next) {
        if (part == Part.CONTENT_END && next == '\n') {
            part = Part.SIZE;
        } else if (part == Part.SIZE && next == '\n') {
            part = size == 0 ? Part.TRAILER : Part.CONTENT;
        } else if (part == Part.SIZE && Character.digit(next, HEX) >= 0) {
            size = size * HEX + Character.digit(next, HEX);
        }
    }
}
