package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.image.ImageEdit.Fill;
import dev.mobilediffusion.runtime.image.MaskMarks;
import dev.mobilediffusion.runtime.image.ResizeMode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.Field;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.generation.SourceDraft;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** The fields that {@code POST /sdapi/v1/img2img} has beside those of txt2img, with A1111's defaults. */
final class ImageToImageFields {

    private static final FieldNames NAMES = new FieldNames(Map.of(
            Field.IMAGE, "init_images",
            Field.STRENGTH, "denoising_strength",
            Field.PADDING, "inpaint_full_res_padding"));

    private static final double STRENGTH = 0.75;

    private ImageToImageFields() {}

    /** Takes the images out of {@code body}; they come back where the reply is to show them. */
    static Source take(ObjectNode body) {
        JsonNode images = body.path("init_images");
        JsonNode mask = body.path("mask");
        Form form = new Form(body, List.of(), "");
        List<byte[]> files = form.take("init_images");
        List<byte[]> masks = form.take("mask");
        if (files.isEmpty()) {
            throw ApiException.of(ErrorCode.NOT_FOUND, "init_images", "Init image not found");
        }
        Fields fields = new Fields(body);
        Source source = new SourceDraft(NAMES, files.getFirst())
                .mask(masks.stream().findFirst())
                .strength(OptionalDouble.of(fields.real("denoising_strength").orElse(STRENGTH)))
                .maskBlur(OptionalInt.of(
                        fields.count("mask_blur", "mask_blur_x", "mask_blur_y").orElse(4)))
                .onlyMasked(isSet(body, "inpaint_full_res", true))
                .padding(OptionalInt.of(fields.count("inpaint_full_res_padding").orElse(0)))
                .fill(fill(fields))
                .resize(resize(fields))
                .marks(isSet(body, "inpainting_mask_invert", false) ? MaskMarks.BLACK : MaskMarks.WHITE)
                .source();
        if (fields.flag("include_init_images", false)) {
            body.set("init_images", images);
            body.set("mask", mask);
        }
        return source;
    }

    /** A1111's switches are true or false in some clients, and 1 or 0 in others. */
    private static boolean isSet(ObjectNode body, String name, boolean otherwise) {
        return body.path(name).isBoolean()
                ? body.path(name).booleanValue()
                : new Fields(body).count(name).orElse(otherwise ? 1 : 0) != 0;
    }

    private static Fill fill(Fields fields) {
        int number = fields.count("inpainting_fill").orElse(0);
        return switch (number) {
            case 0 -> Fill.FILL;
            case 1 -> Fill.ORIGINAL;
            case 2 -> Fill.LATENT_NOISE;
            case 3 -> Fill.LATENT_NOTHING;
            default ->
                throw ApiException.invalid("inpainting_fill", "inpainting_fill must be in [0, 3], got %d", number);
        };
    }

    private static ResizeMode resize(Fields fields) {
        int number = fields.count("resize_mode").orElse(0);
        return switch (number) {
            case 0, 3 -> ResizeMode.JUST_RESIZE; // 3 resizes latents, which differs in how it looks alone
            case 1 -> ResizeMode.CROP_AND_RESIZE;
            case 2 -> ResizeMode.RESIZE_AND_FILL;
            default -> throw ApiException.invalid("resize_mode", "resize_mode must be in [0, 3], got %d", number);
        };
    }
}
