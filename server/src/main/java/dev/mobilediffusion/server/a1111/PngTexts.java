package dev.mobilediffusion.server.a1111;

import dev.mobilediffusion.server.error.ApiException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** The uncompressed text chunks of a PNG file (W3C recommendation, third edition, section 11.3.3). */
final class PngTexts {

    private static final long SIGNATURE = 0x89504e470d0a1a0aL;
    private static final int SIGNATURE_BYTES = 8;
    private static final int CRC_BYTES = 4;

    private PngTexts() {}

    /**
     * Keyword to text, in the file's order.
     *
     * @throws ApiException when the bytes are no PNG file, or one that is cut off
     */
    static Map<String, String> of(byte[] file) {
        ByteBuffer buffer = ByteBuffer.wrap(file);
        if (file.length < SIGNATURE_BYTES || buffer.getLong() != SIGNATURE) {
            throw ApiException.invalid("image", "image must be a PNG file in base64");
        }
        Map<String, String> texts = new LinkedHashMap<>();
        while (buffer.remaining() > 8) {
            int length = buffer.getInt();
            byte[] type = new byte[4];
            buffer.get(type);
            if (length < 0 || length > buffer.remaining() - CRC_BYTES) {
                throw ApiException.invalid("image", "image is a PNG file that is cut off");
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
        if (type.equals("tEXt")) {
            texts.put(keyword, text(data, keywordEnd + 1, data.length, StandardCharsets.ISO_8859_1));
        } else if (type.equals("iTXt") && data.length > keywordEnd + 2 && data[keywordEnd + 1] == 0) {
            int languageEnd = zero(data, keywordEnd + 3);
            int translatedEnd = languageEnd < 0 ? -1 : zero(data, languageEnd + 1);
            if (translatedEnd >= 0) {
                texts.put(keyword, text(data, translatedEnd + 1, data.length, StandardCharsets.UTF_8));
            }
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
