package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.upscale.Enlarger;
import dev.mobilediffusion.server.wire.Clients;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.LongReply;
import dev.mobilediffusion.server.wire.RequestBody;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.ArrayList;
import java.util.List;

/** {@code POST /extra-single-image} and {@code extra-batch-images}: images made larger. There are no face restorers. */
final class ExtrasRoutes implements HttpService {

    private static final String NONE = "None";

    private final Enlarger enlarger;
    private final Uploads uploads;

    ExtrasRoutes(Enlarger enlarger, Uploads uploads) {
        this.enlarger = enlarger;
        this.uploads = uploads;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/extra-single-image", uploads.limited(Answers.of(this::one)))
                .any("/extra-single-image", Answers.methodNotAllowed("POST"))
                .post("/extra-batch-images", uploads.limited(Answers.of(this::many)))
                .any("/extra-batch-images", Answers.methodNotAllowed("POST"));
    }

    /** As {@code GET /upscalers} lists them. */
    ArrayNode list() {
        ArrayNode list = Json.object().arrayNode();
        add(list, NONE);
        enlarger.names().forEach(name -> add(list, name));
        return list;
    }

    private static void add(ArrayNode list, String name) {
        ObjectNode upscaler = list.addObject();
        upscaler.put("name", name);
        upscaler.putNull("model_name");
        upscaler.putNull("model_path");
        upscaler.putNull("model_url");
        upscaler.put("scale", 4.0);
    }

    private void one(ServerRequest request, ServerResponse response) {
        ObjectNode body = Json.parseObject(RequestBody.json(request, uploads.maxBytes()));
        List<byte[]> files = new Form(body, List.of(), "").take("image");
        if (files.isEmpty()) {
            throw ApiException.invalid("image", "image is missing; it must be a picture in base64");
        }
        ImageContent larger = larger(body, files, "image", request).getFirst();
        ObjectNode reply = Json.object();
        reply.put("html_info", "");
        reply.putPOJO("image", larger);
        LongReply.withContents(response, reply, List.of(larger));
    }

    private void many(ServerRequest request, ServerResponse response) {
        ObjectNode body = Json.parseObject(RequestBody.json(request, uploads.maxBytes()));
        List<byte[]> files = new ArrayList<>();
        JsonNode list = body.path("imageList");
        if (!(list instanceof ArrayNode)) {
            throw ApiException.invalid(
                    "imageList", "imageList must be a list of objects with data, got %s", Json.kind(list));
        }
        list.forEach(item -> {
            if (!(item instanceof ObjectNode image)) {
                throw ApiException.invalid(
                        "imageList", "imageList must hold objects with data, got %s", Json.kind(item));
            }
            files.addAll(new Form(image, List.of(), "").take("data"));
        });
        List<ImageContent> larger = larger(body, files, "imageList", request);
        ObjectNode reply = Json.object();
        reply.put("html_info", "");
        ArrayNode images = reply.putArray("images");
        larger.forEach(images::addPOJO);
        LongReply.withContents(response, reply, larger);
    }

    /** All images of a reply together have as many pixels as one may have. */
    private List<ImageContent> larger(ObjectNode body, List<byte[]> files, String field, ServerRequest request) {
        Settings settings = Settings.of(new Fields(body), enlarger);
        List<ImageContent> larger = new ArrayList<>();
        long pixels = 0;
        try (Enlarger.Turn turn = enlarger.enter(Clients.of(request))) {
            for (byte[] file : files) {
                RgbImage image = settings.enlarge(turn, turn.read(file, field));
                pixels += (long) image.width() * image.height();
                if (pixels > Enlarger.MAX_PIXELS) {
                    throw ApiException.invalid(
                            field,
                            "%s must give pictures of at most %d pixels together, got %d",
                            field,
                            Enlarger.MAX_PIXELS,
                            pixels);
                }
                larger.add(ImageContent.of(turn.encode(image, ImageFormat.PNG, Delivery.DEFAULT_QUALITY)));
            }
            Uploads.done(request);
        }
        return larger;
    }

    /**
     * What becomes of each image.
     *
     * @param exact whether width and height count rather than the factor
     * @param first name of an upscaler, or None, which leaves the image as it is
     * @param second likewise, blended over the first
     * @param share of the second, in [0, 1]
     */
    private record Settings(
            boolean exact,
            double factor,
            int width,
            int height,
            boolean crop,
            String first,
            String second,
            double share) {

        static Settings of(Fields fields, Enlarger enlarger) {
            double factor = fields.real("upscaling_resize").orElse(2);
            double share = fields.real("extras_upscaler_2_visibility").orElse(0);
            if (!(factor > 0 && factor <= 8)) {
                throw ApiException.invalid("upscaling_resize", "upscaling_resize must be in (0, 8], got %s", factor);
            }
            if (!(share >= 0 && share <= 1)) {
                throw ApiException.invalid(
                        "extras_upscaler_2_visibility",
                        "extras_upscaler_2_visibility must be in [0, 1], got %s",
                        share);
            }
            boolean exact = fields.count("resize_mode").orElse(0) == 1;
            int width = fields.count("upscaling_resize_w").orElse(512);
            int height = fields.count("upscaling_resize_h").orElse(512);
            if (exact && (width < 1 || height < 1)) {
                throw ApiException.invalid(
                        "upscaling_resize_w",
                        "upscaling_resize_w and upscaling_resize_h must be at least 1, got %d x %d",
                        width,
                        height);
            }
            return new Settings(
                    exact,
                    factor,
                    width,
                    height,
                    fields.flag("upscaling_crop", true),
                    named(fields, enlarger, "upscaler_1"),
                    named(fields, enlarger, "upscaler_2"),
                    share);
        }

        private static String named(Fields fields, Enlarger enlarger, String field) {
            String name = fields.text(field).orElse(NONE);
            return name.isBlank() || name.equalsIgnoreCase(NONE) ? NONE : enlarger.named(name, field);
        }

        RgbImage enlarge(Enlarger.Turn turn, RgbImage image) {
            if (first.equals(NONE)) {
                return image;
            }
            RgbImage larger = enlarge(turn, image, first);
            if (second.equals(NONE) || share == 0) {
                return larger;
            }
            byte[] over = enlarge(turn, image, second).rgb();
            byte[] rgb = larger.rgb().clone();
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = (byte) Math.round((rgb[i] & 0xff) * (1 - share) + (over[i] & 0xff) * share);
            }
            return new RgbImage(larger.width(), larger.height(), rgb);
        }

        private RgbImage enlarge(Enlarger.Turn turn, RgbImage image, String upscaler) {
            if (!exact) {
                return turn.enlarge(
                        upscaler,
                        image,
                        (long) (image.width() * factor),
                        (long) (image.height() * factor),
                        "upscaling_resize");
            }
            double by = Math.max((double) width / image.width(), (double) height / image.height());
            RgbImage larger = turn.enlarge(
                    upscaler,
                    image,
                    Math.round(image.width() * by),
                    Math.round(image.height() * by),
                    "upscaling_resize_w");
            return crop ? turn.cropped(larger, width, height) : larger;
        }
    }
}
