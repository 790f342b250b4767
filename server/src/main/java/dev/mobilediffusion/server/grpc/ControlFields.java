package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.ControlUpload;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import java.util.Optional;
import java.util.OptionalDouble;

/** The fields of a request about a picture whose lines are followed. */
final class ControlFields {

    private ControlFields() {}

    static Optional<ControlUpload> of(GenerateRequest request) {
        if (request.getControlImage().isEmpty()) {
            if (request.hasControlScale() || !request.getControl().isEmpty()) {
                throw ApiException.invalid(
                        "control_image", "control_image is missing; control and control_scale say how it is followed");
            }
            return Optional.empty();
        }
        return Optional.of(ControlUpload.of(
                FieldNames.OWN,
                request.getControlImage().toByteArray(),
                request.hasControlScale() ? OptionalDouble.of(request.getControlScale()) : OptionalDouble.empty(),
                Optional.of(request.getControl()),
                request.getControlPreprocessor()));
    }
}
