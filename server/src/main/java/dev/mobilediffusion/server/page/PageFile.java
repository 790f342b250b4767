package dev.mobilediffusion.server.page;

import dev.mobilediffusion.runtime.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * A file of the web page, held in memory.
 *
 * @param mediaType with its charset where it is text
 * @param tag strong entity tag, with its quotes
 * @param bytes not to be changed
 */
record PageFile(String mediaType, String tag, byte[] bytes) {

    private static final int TAG_DIGITS = 16;

    /** @param name of a resource in {@code /page} */
    static PageFile load(String name) {
        try (InputStream resource = PageFile.class.getResourceAsStream("/page/" + name)) {
            if (resource == null) {
                throw new IllegalStateException("this build lacks the page's file " + name);
            }
            byte[] bytes = resource.readAllBytes();
            return new PageFile(mediaType(name), "\"" + Sha256.of(bytes).substring(0, TAG_DIGITS) + "\"", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String mediaType(String name) {
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "html" -> "text/html; charset=utf-8";
            case "css" -> "text/css; charset=utf-8";
            case "js" -> "text/javascript; charset=utf-8";
            case "svg" -> "image/svg+xml";
            case "webmanifest" -> "application/manifest+json";
            default -> throw new IllegalStateException("no media type is known for " + name);
        };
    }
}
