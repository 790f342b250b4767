package dev.mobilediffusion.runtime.image;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/**
 * Reads the images that people send: PNG (grey, palette, 16 bit, alpha), JPEG and WebP, turned as their EXIF says. Size
 * and kind are checked by the header, before anything is allocated for pixels.
 */
public final class ImageFileReader {

    public static final int MAX_BYTES = 32 << 20;

    /** 4096x4096; each pixel takes six to twelve bytes while it is read. */
    public static final int MAX_PIXELS = 1 << 24;

    /** 2048x2048: reading WebP in Java takes most of a second a million pixels. */
    public static final int MAX_WEBP_PIXELS = 1 << 22;

    private static final byte OPAQUE = (byte) 255;

    private ImageFileReader() {}

    /**
     * An image as it was sent.
     *
     * @param image its colours, over white where it is transparent
     * @param alpha (height, width) bytes, 0 where transparent; empty where it is opaque everywhere
     */
    public record Read(RgbImage image, byte[] alpha) {}

    /** As {@link #read(byte[], String, int)}, of up to {@link #MAX_PIXELS}. */
    public static Read read(byte[] file, String field) {
        return read(file, field, MAX_PIXELS);
    }

    /**
     * Reads a file.
     *
     * @param maxPixels that it may have, at most {@link #MAX_PIXELS}
     * @param field what messages call the image: {@code image}, {@code mask}, {@code --image}
     * @throws InferenceException with code INVALID_REQUEST for what is no image, is damaged, or too large
     */
    public static Read read(byte[] file, String field, int maxPixels) {
        if (file.length > MAX_BYTES) {
            throw refused(field, "must have at most %d bytes, got %d", MAX_BYTES, file.length);
        }
        ImageReader reader = reader(file, field);
        int most = startsWith(file, 0, "RIFF") ? Math.min(maxPixels, MAX_WEBP_PIXELS) : maxPixels;
        try (WholeInput input = new WholeInput(file)) {
            reader.setInput(input, true, true);
            long width = reader.getWidth(0);
            long height = reader.getHeight(0);
            if (width < 1 || height < 1 || width * height > most) {
                throw refused(field, "must have 1 to %d pixels, got %dx%d", most, width, height);
            }
            BufferedImage decoded = reader.read(0);
            if (decoded.getWidth() != width || decoded.getHeight() != height) {
                throw refused(field, "is damaged: its header says %dx%d pixels", width, height);
            }
            int colours = decoded.getColorModel().getColorSpace().getType();
            if (colours != ColorSpace.TYPE_RGB && colours != ColorSpace.TYPE_GRAY) {
                throw refused(field, "must be in RGB or grey, not in inks for printing (CMYK)");
            }
            return ExifOrientation.of(file).turned(converted(decoded));
        } catch (IOException damaged) {
            throw refused(field, "is damaged or cut off, or of a kind that is not read here; send PNG, JPEG or WebP");
        } catch (InferenceException said) {
            throw said;
        } catch (RuntimeException damaged) {
            // Readers meet damaged files with many kinds of these
            throw refused(field, "is damaged; send another PNG, JPEG or WebP");
        } finally {
            reader.dispose();
        }
    }

    private static ImageReader reader(byte[] file, String field) {
        if (startsWith(file, 0, "\u0089PNG\r\n\u001a\n")) {
            return javaReader("png");
        }
        if (startsWith(file, 0, "\u00ff\u00d8\u00ff")) {
            return javaReader("jpeg");
        }
        if (startsWith(file, 0, "RIFF") && startsWith(file, 8, "WEBP")) {
            try {
                return new WebPImageReaderSpi().createReaderInstance(null);
            } catch (RuntimeException impossible) {
                throw new IllegalStateException("WebP cannot be read", impossible);
            }
        }
        throw refused(field, "is no PNG, JPEG or WebP picture");
    }

    private static ImageReader javaReader(String format) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        while (readers.hasNext()) {
            ImageReader reader = readers.next();
            if (reader.getClass().getName().startsWith("com.sun.imageio.")) {
                return reader;
            }
        }
        throw new IllegalStateException("this Java cannot read " + format);
    }

    /** Whether the bytes from {@code at} on are those of {@code text}, a byte a character. */
    static boolean startsWith(byte[] file, int at, String text) {
        if (file.length < at + text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if ((file[at + i] & 0xff) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** By samples rather than by getRGB, which brightens grey images as if they were linear. */
    private static Read converted(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        byte[] rgb = new byte[3 * width * height];
        byte[] alpha = image.getColorModel().hasAlpha() ? new byte[width * height] : new byte[0];
        boolean palette = image.getColorModel() instanceof IndexColorModel;
        int[] argb = new int[width];
        boolean opaque = true;
        for (int y = 0; y < height; y++) {
            if (palette) {
                image.getRGB(0, y, width, 1, argb, 0, width);
            } else {
                row(image.getRaster(), y, argb);
            }
            for (int x = 0; x < width; x++) {
                int at = y * width + x;
                int share = argb[x] >>> 24;
                for (int colour = 0; colour < 3; colour++) {
                    int value = argb[x] >> (16 - 8 * colour) & 0xff;
                    rgb[3 * at + colour] = (byte) (alpha.length == 0 ? value : over(value, share));
                }
                if (alpha.length > 0) {
                    alpha[at] = (byte) share;
                    opaque &= alpha[at] == OPAQUE;
                }
            }
        }
        return new Read(new RgbImage(width, height, rgb), opaque ? new byte[0] : alpha);
    }

    private static int over(int value, int share) {
        return (value * share + 255 * (255 - share) + 127) / 255;
    }

    private static void row(Raster raster, int y, int[] argb) {
        int bands = raster.getNumBands();
        int[] samples = raster.getPixels(raster.getMinX(), raster.getMinY() + y, argb.length, 1, (int[]) null);
        int[] most = new int[bands];
        for (int band = 0; band < bands; band++) {
            most[band] = (1 << raster.getSampleModel().getSampleSize(band)) - 1;
        }
        boolean grey = bands < 3;
        for (int x = 0; x < argb.length; x++) {
            int red = eightBits(samples[x * bands], most[0]);
            int green = grey ? red : eightBits(samples[x * bands + 1], most[1]);
            int blue = grey ? red : eightBits(samples[x * bands + 2], most[2]);
            int share = bands % 2 == 0 ? eightBits(samples[x * bands + bands - 1], most[bands - 1]) : 255;
            argb[x] = share << 24 | red << 16 | green << 8 | blue;
        }
    }

    private static int eightBits(int sample, int most) {
        return most == 255 ? sample : (int) ((sample * 255L + most / 2) / most);
    }

    private static InferenceException refused(String field, String format, Object... args) {
        return InferenceException.invalid(field, "%s", field + " " + String.format(Locale.ROOT, format, args));
    }
}
