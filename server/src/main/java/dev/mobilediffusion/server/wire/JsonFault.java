package dev.mobilediffusion.server.wire;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import dev.mobilediffusion.server.error.ApiException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** What is wrong with a text that is no JSON, and where, in words for people: Jackson's own name its classes. */
final class JsonFault {

    private JsonFault() {}

    /**
     * The refusal of {@code text}, which is called {@code subject} in it and ends at its first fault.
     *
     * @param limits in words, of what is read
     */
    static ApiException of(String subject, byte[] text, String limits, JsonProcessingException fault) {
        long offset = fault.getLocation() == null ? -1 : fault.getLocation().getByteOffset();
        int end = offset < 0 ? text.length : (int) Math.min(offset, text.length);
        String read = new String(text, 0, end, StandardCharsets.UTF_8);
        int lineStart = read.lastIndexOf('\n') + 1;
        return ApiException.invalid(
                "",
                "%s is not valid JSON at line %s, column %s: %s",
                subject,
                1 + read.chars().filter(c -> c == '\n').count(),
                1 + read.codePointCount(lineStart, read.length()),
                reason(limits, fault));
    }

    private static String reason(String limits, JsonProcessingException fault) {
        String words = String.valueOf(fault.getOriginalMessage()).toLowerCase(Locale.ROOT);
        if (fault instanceof StreamConstraintsException) {
            return limits;
        }
        if (fault instanceof JsonEOFException) {
            return "it ends too early";
        }
        if (words.startsWith("duplicate field")) {
            return "a field is there twice";
        }
        if (fault instanceof MismatchedInputException) {
            return "something follows after its end";
        }
        return words.contains("utf-8") ? "a byte that is not UTF-8" : "a character that cannot stand there";
    }
}
