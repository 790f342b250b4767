package dev.mobilediffusion.server.discovery;

import com.google.zxing.BarcodeFormat;
import com.google.zxing.EncodeHintType;
import com.google.zxing.WriterException;
import com.google.zxing.common.BitMatrix;
import com.google.zxing.qrcode.QRCodeWriter;
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A QR code out of characters: two modules, one above the other, make a character. */
public final class QrCode {

    /** White on black whatever the terminal's colours, and back to them. */
    private static final String WHITE_ON_BLACK = "\u001B[97;40m";

    private static final String AS_BEFORE = "\u001B[0m";
    private static final int QUIET_MODULES = 2;

    private QrCode() {}

    /**
     * The lines of a code for {@code text}. Light modules are drawn and dark ones left empty, as terminals are dark.
     *
     * @param coloured whether to say so to the terminal, which then shows it right when it is a light one
     */
    public static List<String> lines(String text, boolean coloured) {
        BitMatrix modules = encode(text);
        List<String> lines = new ArrayList<>();
        for (int y = 0; y < modules.getHeight(); y += 2) {
            StringBuilder line = new StringBuilder();
            for (int x = 0; x < modules.getWidth(); x++) {
                boolean above = !modules.get(x, y);
                boolean below = y + 1 < modules.getHeight() && !modules.get(x, y + 1);
                line.append(above ? below ? '█' : '▀' : below ? '▄' : ' ');
            }
            lines.add(coloured ? WHITE_ON_BLACK + line + AS_BEFORE : line.toString());
        }
        return lines;
    }

    private static BitMatrix encode(String text) {
        try {
            return new QRCodeWriter()
                    .encode(
                            text,
                            BarcodeFormat.QR_CODE,
                            0,
                            0,
                            Map.of(
                                    EncodeHintType.ERROR_CORRECTION,
                                    ErrorCorrectionLevel.L,
                                    EncodeHintType.MARGIN,
                                    QUIET_MODULES));
        } catch (WriterException e) {
            throw new IllegalArgumentException("too long for a QR code: %s characters".formatted(text.length()), e);
        }
    }
}
