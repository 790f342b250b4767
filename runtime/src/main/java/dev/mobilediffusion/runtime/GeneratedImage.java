package dev.mobilediffusion.runtime;

import java.util.List;

/**
 * A finished image.
 *
 * @param width in pixels
 * @param height in pixels
 * @param rgb (height, width, 3) bytes in [0, 255], row by row; owned by the receiver
 * @param request what was drawn, with every default filled in
 * @param timings how long each stage took
 * @param warnings sentences for the person who asked: unknown words, a truncated prompt, an ignored setting
 */
public record GeneratedImage(
        int width, int height, byte[] rgb, ImageRequest request, StageTimings timings, List<String> warnings) {

    public GeneratedImage {
        if (rgb.length != width * height * 3) {
            throw new IllegalArgumentException("rgb must hold %s bytes for %sx%s, got %s"
                    .formatted(width * height * 3, width, height, rgb.length));
        }
        warnings = List.copyOf(warnings);
    }
}
