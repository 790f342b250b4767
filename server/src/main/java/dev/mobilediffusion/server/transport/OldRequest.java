package dev.mobilediffusion.server.transport;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The first request of a connection when it is one of HTTP/1.0, which nginx speaks to what stands behind it unless told
 * otherwise, and which Helidon 4.5.0 does not know. Such a connection carries one request here, which the protocol allows.
 */
final class OldRequest {

    private static final String VERSION = " HTTP/1.0";
    private static final String HEAD_END = "\r\n\r\n";

    private OldRequest() {}

    /**
     * Reads until the first line, and of an HTTP/1.0 request until all of its headers, are there.
     *
     * @param first what was read so far
     * @param more the next bytes, null at the end
     * @param maxBytes of line and headers; what is longer is left for Helidon to refuse
     */
    static byte[] readHead(byte[] first, Supplier<byte[]> more, int maxBytes) {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        read.writeBytes(first);
        while (read.size() < maxBytes && !isEnough(text(read.toByteArray()))) {
            byte[] next = more.get();
            if (next == null) {
                break;
            }
            read.writeBytes(next);
        }
        return read.toByteArray();
    }

    private static boolean isEnough(String read) {
        int line = read.indexOf('\n');
        return line >= 0 && (!isOld(read) || read.contains(HEAD_END));
    }

    /**
     * {@code read} as a request of HTTP/1.1 that asks for the connection's end; empty when it is none of HTTP/1.0.
     *
     * @param authority for a client that names no host, as is allowed in HTTP/1.0
     */
    static Optional<byte[]> modernized(byte[] read, String authority) {
        String text = text(read);
        int headEnd = text.indexOf(HEAD_END);
        if (!isOld(text) || headEnd < 0) {
            return Optional.empty();
        }
        String[] lines = text.substring(0, headEnd).split("\r\n", -1);
        boolean named = Arrays.stream(lines)
                .anyMatch(line -> line.toLowerCase(Locale.ROOT).startsWith("host:"));
        StringBuilder modern = new StringBuilder(lines[0].substring(0, lines[0].length() - VERSION.length()))
                .append(" HTTP/1.1\r\nConnection: close\r\n");
        if (!named) {
            modern.append("Host: ").append(authority).append("\r\n");
        }
        Arrays.stream(lines, 1, lines.length)
                .filter(line -> !line.toLowerCase(Locale.ROOT).startsWith("connection:"))
                .forEach(line -> modern.append(line).append("\r\n"));
        modern.append(text, headEnd + 2, text.length());
        return Optional.of(modern.toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    private static boolean isOld(String read) {
        int line = read.indexOf("\r\n");
        return line >= 0 && read.substring(0, line).endsWith(VERSION);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
