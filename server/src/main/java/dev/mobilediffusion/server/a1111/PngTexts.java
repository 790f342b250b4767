package dev.mobilediffusion.server.a1111;

import dev.mobilediffusion.server.error.ApiException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.InflaterInputStream;

/** The text chunks of a PNG file (W3C recommendation, third edition, section 11.3.3). */
final class PngTexts {

    private static final long SIGNATURE = 0x89504e470d0a1a0aL;
    private static final int SIGNATURE_BYTES = 8;
    private static final int CRC_BYTES = 4;

    /** More than any settings; a chunk that unpacks to more is a bomb. */
    private static final int MAX_UNPACKED_BYTES = 1 << 20;

    private PngTexts() {}

    static boolean isPng(byte[] file) {
        return file.length >= SIGNATURE_BYTES && ByteBuffer.wrap(file).getLong() == SIGNATURE;
    }

    /**
     * Keyword to text, in the file's order.
     *
     * @throws ApiException when the file is cut off
     */
    static Map<String, String> of(byte[] file) {
        ByteBuffer buffer = ByteBuffer.wrap(file).position(SIGNATURE_BYTES);
        Map<String, String> texts = new LinkedHashMap<>();
        while (buffer.remaining() > 8) {
            int length = buffer.getInt();
            byte[] type = new byte[4];
            buffer.get(type);
            if (length < 0 || length > buffer.remaining() - CRC_BYTES) {
                throw ImageTexts.cutOff("PNG");
            }
            byte[] data = new byte[length];
            buffer.get(data).getInt();
            put(texts, new String(type, StandardCharsets.US_ASCII), data);
        }
        return texts;
    }

    private static void put(Map<String, String> texts, String type, byte[] data) {
        int keywordEnd = zero(data, 0);
        if (keywordEnd < 0) {
            return;
        }
        String keyword = text(data, 0, keywordEnd, StandardCharsets.ISO_8859_1);
        int textStart = keywordEnd + 1;
        switch (type) {
            case "tEXt" -> texts.put(keyword, text(data, textStart, data.length, StandardCharsets.ISO_8859_1));
            case "zTXt" ->
                unpacked(data, textStart + 1)
                        .ifPresent(text -> texts.put(keyword, new String(text, StandardCharsets.ISO_8859_1)));
            case "iTXt" -> putInternational(texts, keyword, data, textStart);
            default -> {}
        }
    }

    /** Flag and method of compression, language, the keyword in that language, text. */
    private static void putInternational(Map<String, String> texts, String keyword, byte[] data, int flag) {
        int languageEnd = zero(data, flag + 2);
        int translatedEnd = languageEnd < 0 ? -1 : zero(data, languageEnd + 1);
        if (translatedEnd < 0) {
            return;
        }
        if (data[flag] == 0) {
            texts.put(keyword, text(data, translatedEnd + 1, data.length, StandardCharsets.UTF_8));
        } else {
            unpacked(data, translatedEnd + 1)
                    .ifPresent(text -> texts.put(keyword, new String(text, StandardCharsets.UTF_8)));
        }
    }

    /** Empty for what is damaged or too long. */
    private static Optional<byte[]> unpacked(byte[] data, int from) {
        if (from >= data.length) {
            return Optional.empty();
        }
        try (InflaterInputStream stream =
                new InflaterInputStream(new ByteArrayInputStream(data, from, data.length - from))) {
            byte[] text = stream.readNBytes(MAX_UNPACKED_BYTES + 1);
            return text.length > MAX_UNPACKED_BYTES ? Optional.empty() : Optional.of(text);
        } catch (IOException damaged) {
            return Optional.empty();
        }
    }

    private static int zero(byte[] data, int from) {
        for (int i = from; i < data.length; i++) {
            if (data[i] == 0) {
                return i;
            }
        }
        return -1;
    }

    private static String text(byte[] data, int from, int to, Charset charset) {
        return new String(data, from, to - from, charset);
    }
}
