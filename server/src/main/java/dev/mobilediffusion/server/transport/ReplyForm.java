package dev.mobilediffusion.server.transport;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * One reply on its way out, in the form that its client can read: without a body for HEAD, without chunks for HTTP/1.0
 * (RFC 9112, section 6.1). Helidon 4.5.0 knows neither. Gets the reply's bytes in order and in any pieces.
 */
final class ReplyForm {

    /** For nearly all requests. */
    static final ReplyForm ASIS = new ReplyForm(false, false);

    private static final byte[] HEAD_END = {'\r', '\n', '\r', '\n'};
    private static final String CHUNKED = "transfer-encoding: chunked";

    private final boolean withoutBody;
    private final boolean withoutChunks;
    private final ByteArrayOutputStream head = new ByteArrayOutputStream();
    private boolean inBody;
    private Dechunker dechunker;

    private ReplyForm(boolean withoutBody, boolean withoutChunks) {
        this.withoutBody = withoutBody;
        this.withoutChunks = withoutChunks;
    }

    static ReplyForm of(boolean withoutBody, boolean withoutChunks) {
        return withoutBody || withoutChunks ? new ReplyForm(withoutBody, withoutChunks) : ASIS;
    }

    byte[] shaped(byte[] bytes) {
        if (this == ASIS) {
            return bytes;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length);
        int next = 0;
        while (!inBody && next < bytes.length) {
            head.write(bytes[next++]);
            if (endsHead()) {
                out.writeBytes(shapedHead());
            }
        }
        out.writeBytes(shapedBody(bytes, next));
        return out.toByteArray();
    }

    private boolean endsHead() {
        byte[] read = head.size() >= HEAD_END.length ? head.toByteArray() : new byte[HEAD_END.length];
        return Arrays.equals(read, read.length - HEAD_END.length, read.length, HEAD_END, 0, HEAD_END.length);
    }

    /** A status of 1xx stands before the reply proper. */
    private byte[] shapedHead() {
        byte[] whole = head.toByteArray();
        head.reset();
        String text = new String(whole, StandardCharsets.ISO_8859_1);
        if (text.startsWith("HTTP/1.1 1")) {
            return withoutChunks ? new byte[0] : whole;
        }
        inBody = true;
        if (!withoutChunks) {
            return whole;
        }
        List<String> lines = Arrays.asList(text.split("\r\n", -1));
        List<String> kept = lines.stream()
                .filter(line -> !line.toLowerCase(Locale.ROOT).equals(CHUNKED))
                .toList();
        dechunker = kept.size() < lines.size() ? new Dechunker() : null;
        return String.join("\r\n", kept).getBytes(StandardCharsets.ISO_8859_1);
    }

    private byte[] shapedBody(byte[] bytes, int from) {
        if (withoutBody || !inBody) {
            return new byte[0];
        }
        return dechunker == null ? Arrays.copyOfRange(bytes, from, bytes.length) : dechunker.contents(bytes, from);
    }
}
