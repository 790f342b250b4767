package dev.mobilediffusion.server.wire;

import dev.mobilediffusion.server.error.ApiException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code multipart/form-data} (RFC 7578) that lies in memory, and refuses what is cut off. */
final class Multipart {

    private static final int MAX_PARTS = 64;
    private static final int MAX_HEADER_BYTES = 4096;
    private static final int MAX_BOUNDARY = 70; // RFC 2046, section 5.1.1

    private static final byte[] END_OF_HEADERS = {'\r', '\n', '\r', '\n'};
    private static final Pattern BOUNDARY =
            Pattern.compile(";\\s*boundary=(?:\"([^\"]+)\"|([^;\\s\"]+))", Pattern.CASE_INSENSITIVE);
    private static final Pattern NAME = Pattern.compile(
            "^content-disposition:\\s*form-data\\b.*?;\\s*name=(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^;\\s\"]+))",
            Pattern.CASE_INSENSITIVE | Pattern.MULTILINE);
    private static final Pattern FILE =
            Pattern.compile("^content-disposition:.*;\\s*filename\\*?=", Pattern.CASE_INSENSITIVE | Pattern.MULTILINE);

    private final byte[] body;
    private int at;

    /**
     * A field of the form.
     *
     * @param name as the client spells it
     * @param file whether it has a file's name
     */
    record Part(String name, boolean file, byte[] bytes) {}

    private Multipart(byte[] body) {
        this.body = body;
    }

    /** @param contentType of the request, {@code multipart/form-data; boundary=…} */
    static List<Part> read(byte[] body, String contentType) {
        Matcher boundary = BOUNDARY.matcher(contentType);
        if (!boundary.find() || group(boundary).length() > MAX_BOUNDARY) {
            throw ApiException.invalid(
                    "Content-Type", "multipart/form-data needs a boundary of 1 to %d characters", MAX_BOUNDARY);
        }
        return new Multipart(body).parts(("--" + group(boundary)).getBytes(StandardCharsets.ISO_8859_1));
    }

    private List<Part> parts(byte[] delimiter) {
        List<Part> parts = new ArrayList<>();
        at = find(delimiter, 0).orElseThrow(Multipart::cutOff) + delimiter.length;
        byte[] next =
                ("\r\n" + new String(delimiter, StandardCharsets.ISO_8859_1)).getBytes(StandardCharsets.ISO_8859_1);
        while (!startsWith("--")) {
            if (parts.size() == MAX_PARTS) {
                throw ApiException.invalid("", "the form must have at most %d parts", MAX_PARTS);
            }
            int headersEnd = find(END_OF_HEADERS, at).orElseThrow(Multipart::cutOff);
            if (headersEnd - at > MAX_HEADER_BYTES) {
                throw ApiException.invalid("", "a part's headers must have at most %d bytes", MAX_HEADER_BYTES);
            }
            String headers = new String(body, at, headersEnd - at, StandardCharsets.UTF_8);
            int begin = headersEnd + END_OF_HEADERS.length;
            int end = find(next, begin).orElseThrow(Multipart::cutOff);
            Matcher name = NAME.matcher(headers);
            if (!name.find()) {
                throw ApiException.invalid("", "a part of the form has no name in its Content-Disposition");
            }
            parts.add(new Part(group(name), FILE.matcher(headers).find(), Arrays.copyOfRange(body, begin, end)));
            at = end + next.length;
        }
        return parts;
    }

    private boolean startsWith(String text) {
        if (at + text.length() > body.length) {
            throw cutOff();
        }
        return new String(body, at, text.length(), StandardCharsets.ISO_8859_1).equals(text);
    }

    private Optional<Integer> find(byte[] wanted, int from) {
        for (int i = from; i <= body.length - wanted.length; i++) {
            if (body[i] == wanted[0] && Arrays.equals(body, i, i + wanted.length, wanted, 0, wanted.length)) {
                return Optional.of(i);
            }
        }
        return Optional.empty();
    }

    private static String group(Matcher matcher) {
        return matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
    }

    private static ApiException cutOff() {
        return ApiException.invalid("", "the form is cut off: its last boundary is missing");
    }
}
