package dev.mobilediffusion.server.grpc;

import com.google.protobuf.ByteString;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.generation.SourceDraft;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.MaskFill;
import dev.mobilediffusion.server.grpc.v1.ResizeMode;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** The fields of a request about an image that is drawn anew. */
final class SourceFields {

    private SourceFields() {}

    static Optional<Source> of(GenerateRequest request) {
        ByteString image = request.getImage();
        if (image.isEmpty()) {
            if (!request.getMask().isEmpty()) {
                throw ApiException.invalid("image", "image is missing; a mask marks a part of one");
            }
            return Optional.empty();
        }
        return Optional.of(new SourceDraft(FieldNames.OWN, image.toByteArray())
                .mask(Optional.of(request.getMask())
                        .filter(mask -> !mask.isEmpty())
                        .map(ByteString::toByteArray))
                .strength(request.hasStrength() ? OptionalDouble.of(request.getStrength()) : OptionalDouble.empty())
                .maskBlur(request.hasMaskBlur() ? OptionalInt.of(request.getMaskBlur()) : OptionalInt.empty())
                .onlyMasked(request.getOnlyMasked())
                .padding(request.hasPadding() ? OptionalInt.of(request.getPadding()) : OptionalInt.empty())
                .fill(fill(request))
                .resize(resize(request))
                .source());
    }

    private static ImageEdit.Fill fill(GenerateRequest request) {
        return switch (request.getFill()) {
            case MASK_FILL_UNSPECIFIED, MASK_FILL_ORIGINAL -> ImageEdit.Fill.ORIGINAL;
            case MASK_FILL_SURROUNDINGS -> ImageEdit.Fill.FILL;
            case MASK_FILL_NOISE -> ImageEdit.Fill.LATENT_NOISE;
            case MASK_FILL_NOTHING -> ImageEdit.Fill.LATENT_NOTHING;
            case UNRECOGNIZED ->
                throw ApiException.invalid(
                        "fill",
                        "fill must be in [0, %d], got %d",
                        MaskFill.MASK_FILL_NOTHING_VALUE,
                        request.getFillValue());
        };
    }

    private static dev.mobilediffusion.runtime.image.ResizeMode resize(GenerateRequest request) {
        return switch (request.getResizeMode()) {
            case RESIZE_MODE_UNSPECIFIED, RESIZE_MODE_CROP ->
                dev.mobilediffusion.runtime.image.ResizeMode.CROP_AND_RESIZE;
            case RESIZE_MODE_STRETCH -> dev.mobilediffusion.runtime.image.ResizeMode.JUST_RESIZE;
            case RESIZE_MODE_FILL -> dev.mobilediffusion.runtime.image.ResizeMode.RESIZE_AND_FILL;
            case UNRECOGNIZED ->
                throw ApiException.invalid(
                        "resize_mode",
                        "resize_mode must be in [0, %d], got %d",
                        ResizeMode.RESIZE_MODE_FILL_VALUE,
                        request.getResizeModeValue());
        };
    }
}
