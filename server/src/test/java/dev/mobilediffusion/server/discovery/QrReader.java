package dev.mobilediffusion.server.discovery;

import com.google.zxing.BinaryBitmap;
import com.google.zxing.DecodeHintType;
import com.google.zxing.NotFoundException;
import com.google.zxing.RGBLuminanceSource;
import com.google.zxing.common.HybridBinarizer;
import com.google.zxing.qrcode.QRCodeReader;
import java.util.List;
import java.util.Map;

/** Reads a code of characters as a camera would: as grey pixels, eight to a module. */
public final class QrReader {

    private static final int SCALE = 8;
    private static final int WHITE = 0xFFFFFF;

    private QrReader() {}

    /** The text of the code in {@code lines}, which are white where drawn. */
    public static String read(List<String> lines) throws Exception {
        int columns = lines.getFirst().length();
        int width = columns * SCALE;
        int height = lines.size() * 2 * SCALE;
        int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                char drawn = lines.get(y / SCALE / 2).charAt(x / SCALE);
                boolean upper = y / SCALE % 2 == 0;
                boolean light = drawn == '█' || drawn == (upper ? '▀' : '▄');
                pixels[y * width + x] = light ? WHITE : 0;
            }
        }
        try {
            return new QRCodeReader()
                    .decode(
                            new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(width, height, pixels))),
                            Map.of(DecodeHintType.TRY_HARDER, true))
                    .getText();
        } catch (NotFoundException e) {
            throw new AssertionError("no code in:\n" + String.join("\n", lines), e);
        }
    }
}
