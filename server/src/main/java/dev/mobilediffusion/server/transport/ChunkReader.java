package dev.mobilediffusion.server.transport;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.DirectHandler;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * A reader for bodies in chunks. Helidon 4.5.0 reads the line before a chunk whatever its length, so that a line without end
 * fills the memory, fails as if by its own fault on a size that is no number, and refuses extensions and trailers, which a server has to pass over (RFC 9112, section 7.1).
 */
final class ChunkReader extends DataReader {

    private static final int HEX = 16;
    private static final int MAX_LINE_BYTES = 4096;
    private static final int MAX_TRAILERS = 64;

    /** Helidon 4.5.0 holds a whole chunk in memory before it hands on its first byte. */
    private static final int MAX_CHUNK_BYTES = 1 << 20;

    private static final Pattern SIZE = Pattern.compile("0{0,64}[0-9a-fA-F]{1,8}");

    private boolean afterLastChunk;

    @SuppressWarnings("removal") // DataReader.create() makes no subclass
    ChunkReader(Supplier<byte[]> bytes) {
        super(bytes);
    }

    /** The next chunk's size without its extensions; after the last chunk the empty line that ends the trailers. */
    @Override
    public String readLine() {
        if (afterLastChunk) {
            afterLastChunk = false;
            return lastLine();
        }
        String line = line();
        int extension = line.indexOf(';');
        String size = (extension < 0 ? line : line.substring(0, extension)).strip();
        if (!SIZE.matcher(size).matches()) {
            throw refused("a chunk begins with its size in hexadecimal digits, at most 8 of them");
        }
        if (Long.parseLong(size, HEX) > MAX_CHUNK_BYTES) {
            throw RequestException.builder()
                    .type(DirectHandler.EventType.OTHER)
                    .status(Status.REQUEST_ENTITY_TOO_LARGE_413)
                    .setKeepAlive(false)
                    .message("a chunk is too long")
                    .build();
        }
        afterLastChunk = size.chars().allMatch(digit -> digit == '0');
        return size;
    }

    private String lastLine() {
        for (int i = 0; i < MAX_TRAILERS; i++) {
            String line = line();
            if (line.isEmpty()) {
                return line;
            }
        }
        throw refused("a body in chunks has too many trailers");
    }

    private String line() {
        int end;
        try {
            end = findNewLine(MAX_LINE_BYTES);
        } catch (IncorrectNewLineException e) {
            throw refused("a line of a body in chunks has no proper end");
        }
        if (end == MAX_LINE_BYTES) {
            throw refused("a line of a body in chunks is too long");
        }
        String line = readAsciiString(end);
        skip(2);
        return line;
    }

    private static RequestException refused(String message) {
        return RequestException.builder()
                .type(DirectHandler.EventType.BAD_REQUEST)
                .setKeepAlive(false)
                .message(message)
                .build();
    }
}
