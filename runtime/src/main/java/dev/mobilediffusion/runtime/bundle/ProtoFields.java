package dev.mobilediffusion.runtime.bundle;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The fields of one protobuf message, one after the other. Bytes that nobody asks for are skipped, so that a mapped file
 * of gigabytes is not read for the few that matter.
 *
 * <pre>{@code
 * while (fields.next()) {
 *     if (fields.number() == 8) {
 *         name = fields.text();
 *     }
 * }
 * }</pre>
 */
final class ProtoFields {

    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int LENGTH_DELIMITED = 2;
    private static final int FOUR_BYTES = 5;

    private final ByteBuffer rest;
    private int start; // of the field
    private int number;
    private int wireType;
    private long value; // of a varint
    private ByteBuffer content; // of a length-delimited field

    ProtoFields(ByteBuffer message) {
        rest = message.slice();
        content = rest;
    }

    /**
     * Goes to the next field; false at the end.
     *
     * @throws BufferUnderflowException when the message is cut off
     * @throws IllegalArgumentException when it is not protobuf
     */
    boolean next() {
        if (!rest.hasRemaining()) {
            return false;
        }
        start = rest.position();
        long key = varint(rest);
        number = (int) (key >>> 3);
        wireType = (int) (key & 7);
        switch (wireType) {
            case VARINT -> value = varint(rest);
            case EIGHT_BYTES -> skip(Long.BYTES);
            case FOUR_BYTES -> skip(Integer.BYTES);
            case LENGTH_DELIMITED -> {
                long length = varint(rest);
                int from = rest.position();
                content = rest.slice(from, skip(length));
            }
            default -> throw new IllegalArgumentException("not protobuf: wire type " + wireType);
        }
        return true;
    }

    int number() {
        return number;
    }

    long value() {
        return value;
    }

    /** The message inside the field. */
    ProtoFields message() {
        return new ProtoFields(content);
    }

    String text() {
        return StandardCharsets.UTF_8.decode(content.duplicate()).toString();
    }

    /** Bytes of a length-delimited field. */
    int length() {
        return content.remaining();
    }

    /** The content of a length-delimited field, in place. */
    ByteBuffer bytes() {
        return content.slice();
    }

    /** The whole field as it lies in the message, its number and length included. */
    ByteBuffer field() {
        return rest.slice(start, rest.position() - start);
    }

    /** A repeated whole number's values, packed or one of them. */
    List<Long> wholes() {
        if (wireType == VARINT) {
            return List.of(value);
        }
        ByteBuffer packed = content.duplicate();
        List<Long> values = new ArrayList<>();
        while (packed.hasRemaining()) {
            values.add(varint(packed));
        }
        return values;
    }

    /** Product of a repeated whole number, packed or not. */
    long product() {
        if (wireType == VARINT) {
            return value;
        }
        ByteBuffer packed = content.duplicate();
        long product = 1;
        while (packed.hasRemaining()) {
            product *= varint(packed);
        }
        return product;
    }

    private int skip(long bytes) {
        if (bytes < 0 || bytes > rest.remaining()) {
            throw new BufferUnderflowException();
        }
        rest.position(rest.position() + (int) bytes);
        return (int) bytes;
    }

    private static long varint(ByteBuffer buffer) {
        long result = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte part = buffer.get();
            result |= (long) (part & 0x7f) << shift;
            if (part >= 0) {
                return result;
            }
        }
        throw new IllegalArgumentException("not protobuf: a number without an end");
    }
}
