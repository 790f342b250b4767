package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.runtime.image.ImageEdit.Fill;
import dev.mobilediffusion.runtime.image.ResizeMode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.generation.SourceDraft;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The fields of {@code /v1} about an image that is drawn anew. */
final class SourceFields {

    /** All but those of the files. */
    static final Set<String> NAMES =
            Set.of("strength", "denoising_strength", "mask_blur", "only_masked", "padding", "fill", "resize_mode");

    private SourceFields() {}

    /** @param warnings gets sentences for the person who asked */
    static Optional<Source> of(Form form, List<String> warnings) {
        List<byte[]> images = form.take("image", "image[]", "images", "images[]");
        List<byte[]> masks = form.take("mask", "mask[]");
        if (images.isEmpty()) {
            if (!masks.isEmpty()) {
                throw ApiException.invalid("image", "image is missing; a mask marks a part of one");
            }
            return Optional.empty();
        }
        if (images.size() > 1) {
            warnings.add("of %s pictures the first is drawn anew; the others have no effect".formatted(images.size()));
        }
        Fields fields = new Fields(form.fields());
        return Optional.of(new SourceDraft(FieldNames.OWN, images.getFirst())
                .mask(masks.stream().findFirst())
                .strength(fields.real("strength", "denoising_strength"))
                .maskBlur(fields.count("mask_blur"))
                .onlyMasked(fields.flag("only_masked", false))
                .padding(fields.count("padding"))
                .fill(fill(fields.text("fill").orElse("original")))
                .resize(resize(fields.text("resize_mode").orElse("crop")))
                .source());
    }

    private static Fill fill(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "original", "" -> Fill.ORIGINAL;
            case "fill" -> Fill.FILL;
            case "noise" -> Fill.LATENT_NOISE;
            case "nothing" -> Fill.LATENT_NOTHING;
            default -> throw ApiException.invalid("fill", "fill must be original, fill, noise or nothing");
        };
    }

    private static ResizeMode resize(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "crop", "" -> ResizeMode.CROP_AND_RESIZE;
            case "stretch" -> ResizeMode.JUST_RESIZE;
            case "fill" -> ResizeMode.RESIZE_AND_FILL;
            default -> throw ApiException.invalid("resize_mode", "resize_mode must be crop, stretch or fill");
        };
    }
}
