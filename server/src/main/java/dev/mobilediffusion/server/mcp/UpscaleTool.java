package dev.mobilediffusion.server.mcp;

import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.upscale.Enlarger;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import io.modelcontextprotocol.spec.McpSchema;
import java.util.List;

/** {@code upscale_image}: the same image, larger. */
record UpscaleTool(Enlarger enlarger, NamedImages named) {

    McpSchema.CallToolResult enlarge(Call call) {
        Form form = named.form(call.arguments());
        List<byte[]> images = form.take("image");
        if (images.size() != 1) {
            throw ApiException.invalid(
                    "image", "image must be one PNG, JPEG or WebP file, got %d of them", images.size());
        }
        Fields fields = new Fields(form.fields());
        double scale = Enlarger.scale(fields.real("scale"), "scale");
        String upscaler = fields.text("upscaler")
                .map(name -> enlarger.named(name, "upscaler"))
                .orElseGet(enlarger::usual);
        try (Enlarger.Turn turn = enlarger.enter(call.client())) {
            call.onCancel(turn::cancel);
            RgbImage image = turn.read(images.getFirst(), "image");
            call.read();
            RgbImage larger = turn.enlarge(
                    upscaler, image, Math.round(image.width() * scale), Math.round(image.height() * scale), "scale");
            ImageContent content = ImageContent.of(turn.encode(larger, ImageFormat.PNG, 100));
            return McpSchema.CallToolResult.builder()
                    .addContent(call.image(content, ImageFormat.PNG.mediaType()))
                    .addTextContent("%s x %s pixels by %s".formatted(larger.width(), larger.height(), upscaler))
                    .build();
        }
    }
}
