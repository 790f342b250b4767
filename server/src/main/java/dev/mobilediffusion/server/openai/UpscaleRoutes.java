package dev.mobilediffusion.server.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.generation.RequestDraft;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.upscale.Enlarger;
import dev.mobilediffusion.server.upscale.UpscaleRequest;
import dev.mobilediffusion.server.wire.Clients;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.LongReply;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** {@code POST /v1/images/upscale}: the same image, larger, as JSON or the image itself. */
public final class UpscaleRoutes implements HttpService {

    private static final String PATH = "/upscale";

    private final Enlarger enlarger;
    private final Uploads uploads;
    private final Set<ImageFormat> formats;
    private final Clock clock;

    /** @param formats that can be written here */
    public UpscaleRoutes(Enlarger enlarger, Uploads uploads, Set<ImageFormat> formats, Clock clock) {
        this.enlarger = enlarger;
        this.uploads = uploads;
        this.formats = Set.copyOf(formats);
        this.clock = clock;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post(PATH, uploads.limited(this::upscale))
                .options(PATH, Routes.allow("POST, OPTIONS"))
                .any(PATH, Routes.methodNotAllowed("POST, OPTIONS"));
    }

    private void upscale(ServerRequest request, ServerResponse response) {
        Form form = Form.read(request, uploads.maxBytes());
        UpscaleRequest asked = UpscaleRequest.of(form, enlarger);
        Fields fields = new Fields(form.fields());
        ImageFormat wanted = format(fields);
        Optional<ImageFormat> bare = Negotiation.image(request, wanted);
        int quality = quality(fields);
        try (Enlarger.Turn turn = enlarger.enter(Clients.of(request))) {
            RgbImage larger = asked.larger(turn, () -> Uploads.done(request));
            ImageFormat format = requireWritable(bare.orElse(wanted));
            ImageContent content = ImageContent.of(turn.encode(larger, format, quality));
            if (bare.isPresent()) {
                response.header(HeaderNames.CONTENT_TYPE, format.mediaType());
                LongReply.image(response, content, 0, content.size());
            } else {
                LongReply.withContents(response, json(larger, format, asked.upscaler(), content), List.of(content));
            }
        }
    }

    private ObjectNode json(RgbImage image, ImageFormat format, String upscaler, ImageContent content) {
        ObjectNode node = Json.object();
        node.put("created", clock.instant().getEpochSecond());
        node.putArray("data").addObject().putPOJO("b64_json", content);
        ImagesJson.describe(node, image.width() + "x" + image.height(), format);
        node.put("upscaler", upscaler);
        return node;
    }

    private static int quality(Fields fields) {
        int quality = fields.count("output_compression").orElse(Delivery.DEFAULT_QUALITY);
        if (quality < RequestDraft.MIN_QUALITY || quality > RequestDraft.MAX_QUALITY) {
            throw ApiException.invalid(
                    "output_compression",
                    "output_compression must be in [%d, %d], got %d",
                    RequestDraft.MIN_QUALITY,
                    RequestDraft.MAX_QUALITY,
                    quality);
        }
        return quality;
    }

    private static ImageFormat format(Fields fields) {
        String text = fields.text("output_format").orElse("png").toLowerCase(Locale.ROOT);
        return switch (text) {
            case "png", "" -> ImageFormat.PNG;
            case "jpeg", "jpg" -> ImageFormat.JPEG;
            case "webp" -> ImageFormat.WEBP;
            default -> throw ApiException.invalid("output_format", "output_format must be png, jpeg or webp");
        };
    }

    private ImageFormat requireWritable(ImageFormat format) {
        if (!formats.contains(format)) {
            throw ApiException.invalid(
                    "output_format", "output_format %s cannot be written here; ask for png or jpeg", format.label());
        }
        return format;
    }
}
