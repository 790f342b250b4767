package dev.mobilediffusion.server.upscale;

import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import java.util.List;

/**
 * One image that is to be larger, as {@code /v1} and MCP spell it: {@code image}, {@code scale}, {@code upscaler}.
 *
 * @param file of the image
 * @param scale in [1, {@value Enlarger#MAX_SCALE}]
 * @param upscaler one that there is
 */
public record UpscaleRequest(byte[] file, double scale, String upscaler) {

    /** Takes the image out of {@code form}. */
    public static UpscaleRequest of(Form form, Enlarger enlarger) {
        List<byte[]> images = form.take("image", "image[]");
        if (images.size() != 1) {
            throw ApiException.invalid(
                    "image", "image must be one PNG, JPEG or WebP file, got %d of them", images.size());
        }
        Fields fields = new Fields(form.fields());
        return new UpscaleRequest(
                images.getFirst(),
                Enlarger.scale(fields.real("scale"), "scale"),
                fields.text("upscaler")
                        .map(name -> enlarger.named(name, "upscaler"))
                        .orElseGet(enlarger::usual));
    }

    /** @param read told once the file is not needed any more */
    public RgbImage larger(Enlarger.Turn turn, Runnable read) {
        RgbImage image = turn.read(file, "image");
        read.run();
        return turn.enlarge(
                upscaler, image, Math.round(image.width() * scale), Math.round(image.height() * scale), "scale");
    }
}
