package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import javax.imageio.ImageIO;

/**
 * A thing cut out of its picture and put into a square: in its tight box, as large as fits with a small margin, in the middle
 * and standing on the floor. So the forge packs the pictures of the things that a model knows.
 *
 * @param image square, over white where it is transparent
 * @param alpha (side, side) bytes, 0 where there is nothing
 * @param ground what was behind the thing
 */
public record Cutout(RgbImage image, byte[] alpha, Ground ground) {

    /** Fewest pixels of the thing's longer side. */
    public static final int MIN_SIDE = 16;

    private static final int FAINT = 12; // of 255: alpha that does not count as part of the thing
    /** To be said of {@link Ground#KEPT}. */
    public static final String KEPT_SENTENCE =
            "the picture's ground has several colours and was not taken away: the whole"
                    + " square is drawn; a thing on a transparent or plain ground is drawn alone";

    private static final int ENOUGH = 1024; // pixels across
    private static final int MARGIN = 64; // part of the side that stays free all around

    /** What was behind the thing. */
    public enum Ground {
        /** Nothing: the picture was transparent there. */
        TRANSPARENT,
        /** One colour, which was taken away. */
        TAKEN_AWAY,
        /** More than one colour: the whole picture counts as the thing. */
        KEPT
    }

    /**
     * Cuts it out.
     *
     * @param side of the square, in pixels
     * @param field what messages call the picture
     * @throws InferenceException with code INVALID_REQUEST when nothing is there, or too little
     */
    public static Cutout of(ImageFileReader.Read sent, int side, String field) {
        ImageFileReader.Read picture = reduced(sent);
        if (picture.alpha().length > 0) {
            return fitted(picture.image(), picture.alpha(), side, Ground.TRANSPARENT, field);
        }
        return PlainGround.takenAway(picture.image())
                .map(freed -> fitted(freed.image(), freed.alpha(), side, Ground.TAKEN_AWAY, field))
                .orElseGet(() -> fitted(
                        picture.image(),
                        opaque(picture.image().width() * picture.image().height()),
                        side,
                        Ground.KEPT,
                        field));
    }

    /** One that was cut out before, as {@link #png} wrote it. */
    public static Cutout ofSquare(ImageFileReader.Read square) {
        int pixels = square.image().width() * square.image().height();
        return new Cutout(
                square.image(), square.alpha().length > 0 ? square.alpha() : opaque(pixels), Ground.TRANSPARENT);
    }

    /** A photograph's millions of pixels say no more about a thing, and take their time. */
    private static ImageFileReader.Read reduced(ImageFileReader.Read sent) {
        int width = sent.image().width();
        int height = sent.image().height();
        double zoom = (double) ENOUGH / Math.max(width, height);
        if (zoom >= 1) {
            return sent;
        }
        int narrow = (int) Math.max(1, Math.round(width * zoom));
        int low = (int) Math.max(1, Math.round(height * zoom));
        Area whole = new Area(0, 0, width, height);
        RgbImage image = Resampler.scale(sent.image(), whole, narrow, low);
        byte[] alpha = sent.alpha().length == 0
                ? sent.alpha()
                : first(Resampler.scale(tripled(sent.image(), sent.alpha()), whole, narrow, low));
        return new ImageFileReader.Read(image, alpha);
    }

    private static byte[] first(RgbImage grey) {
        byte[] values = new byte[grey.width() * grey.height()];
        for (int i = 0; i < values.length; i++) {
            values[i] = grey.rgb()[3 * i];
        }
        return values;
    }

    private static byte[] opaque(int pixels) {
        byte[] alpha = new byte[pixels];
        Arrays.fill(alpha, (byte) 255);
        return alpha;
    }

    private static Cutout fitted(RgbImage image, byte[] alpha, int side, Ground ground, String field) {
        Area box = box(image.width(), image.height(), alpha, field);
        int room = side - 2 * Math.max(1, side / MARGIN);
        double zoom = (double) room / Math.max(box.width(), box.height());
        int width = (int) Math.max(1, Math.round(box.width() * zoom));
        int height = (int) Math.max(1, Math.round(box.height() * zoom));
        RgbImage colours = Resampler.scale(image, box, width, height);
        byte[] cover = first(Resampler.scale(tripled(image, alpha), box, width, height));
        byte[] rgb = new byte[3 * side * side];
        Arrays.fill(rgb, (byte) 255);
        byte[] shares = new byte[side * side];
        int left = (side - width) / 2;
        int top = side - Math.max(1, side / MARGIN) - height;
        for (int y = 0; y < height; y++) {
            int to = (top + y) * side + left;
            System.arraycopy(colours.rgb(), 3 * y * width, rgb, 3 * to, 3 * width);
            for (int x = 0; x < width; x++) {
                shares[to + x] = cover[y * width + x];
            }
        }
        return new Cutout(new RgbImage(side, side, rgb), shares, ground);
    }

    private static RgbImage tripled(RgbImage image, byte[] alpha) {
        byte[] grey = new byte[3 * alpha.length];
        for (int i = 0; i < grey.length; i++) {
            grey[i] = alpha[i / 3];
        }
        return new RgbImage(image.width(), image.height(), grey);
    }

    private static Area box(int width, int height, byte[] alpha, String field) {
        int left = width;
        int right = -1;
        int top = height;
        int bottom = -1;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                if ((alpha[y * width + x] & 0xff) > FAINT) {
                    left = Math.min(left, x);
                    right = Math.max(right, x);
                    top = Math.min(top, y);
                    bottom = y;
                }
            }
        }
        if (right < 0) {
            throw InferenceException.invalid(field, "%s shows nothing: it is transparent everywhere", field);
        }
        Area box = new Area(left, top, right - left + 1, bottom - top + 1);
        if (Math.max(box.width(), box.height()) < MIN_SIDE) {
            throw InferenceException.invalid(
                    field,
                    "%s must show a thing of at least %d pixels across, got %dx%d",
                    field,
                    MIN_SIDE,
                    box.width(),
                    box.height());
        }
        return box;
    }

    public int side() {
        return image.width();
    }

    /** How much of each of {@code cells} x {@code cells} equal parts is covered, in [0, 1], row by row. */
    public float[] coverage(int cells) {
        int size = side() / cells;
        float[] coverage = new float[cells * cells];
        for (int y = 0; y < size * cells; y++) {
            for (int x = 0; x < size * cells; x++) {
                coverage[y / size * cells + x / size] += (alpha[y * side() + x] & 0xff) / 255f / (size * size);
            }
        }
        return coverage;
    }

    /** In the middle of a grey picture of {@code width} by {@code height} pixels, grey showing through where it is clear. */
    public RgbImage onGrey(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) 128);
        int left = (width - side()) / 2;
        int top = (height - side()) / 2;
        for (int y = 0; y < side(); y++) {
            for (int x = 0; x < side(); x++) {
                int clear = 255 - (alpha[y * side() + x] & 0xff);
                for (int colour = 0; colour < 3; colour++) {
                    int white = image.rgb()[3 * (y * side() + x) + colour] & 0xff;
                    rgb[3 * ((top + y) * width + left + x) + colour] =
                            (byte) Math.clamp(white - Math.round(clear * 127 / 255f), 0, 255);
                }
            }
        }
        return new RgbImage(width, height, rgb);
    }

    /** As a PNG file with alpha. */
    public byte[] png() {
        BufferedImage picture = new BufferedImage(side(), side(), BufferedImage.TYPE_INT_ARGB);
        for (int i = 0; i < alpha.length; i++) {
            int share = alpha[i] & 0xff;
            int argb = share << 24;
            for (int colour = 0; colour < 3; colour++) {
                int white = image.rgb()[3 * i + colour] & 0xff;
                int own = share == 0 ? 0 : Math.round((white - 255 + share) * 255f / share);
                argb |= Math.clamp(own, 0, 255) << (16 - 8 * colour);
            }
            picture.setRGB(i % side(), i / side(), argb);
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", file);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return file.toByteArray();
    }
}
