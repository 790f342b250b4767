package dev.mobilediffusion.server.mcp;

import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.upscale.Enlarger;
import dev.mobilediffusion.server.upscale.UpscaleRequest;
import io.modelcontextprotocol.spec.McpSchema;

/** {@code upscale_image}: the same image, larger. */
record UpscaleTool(Enlarger enlarger, NamedImages named) {

    McpSchema.CallToolResult enlarge(Call call) {
        UpscaleRequest wanted = UpscaleRequest.of(named.form(call.arguments()), enlarger);
        try (Enlarger.Turn turn = enlarger.enter(call.client())) {
            call.onCancel(turn::cancel);
            RgbImage larger = wanted.larger(turn, call::read);
            ImageContent content = ImageContent.of(turn.encode(larger, ImageFormat.PNG, 100));
            return McpSchema.CallToolResult.builder()
                    .addContent(call.image(content, ImageFormat.PNG.mediaType()))
                    .addTextContent(
                            "%s x %s pixels by %s".formatted(larger.width(), larger.height(), wanted.upscaler()))
                    .build();
        }
    }
}
