package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.ControlUpload;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The fields of {@code /v1} about a picture whose lines are followed. */
final class ControlFields {

    /** All but that of the file. */
    static final Set<String> NAMES = Set.of("control", "control_scale", "control_preprocessor");

    private ControlFields() {}

    static Optional<ControlUpload> of(Form form) {
        List<byte[]> images = form.take("control_image");
        Fields fields = new Fields(form.fields());
        if (images.isEmpty()) {
            NAMES.stream().filter(fields.names()::contains).sorted().findFirst().ifPresent(lonely -> {
                throw ApiException.invalid(
                        "control_image", "control_image is missing; %s says how it is followed", lonely);
            });
            return Optional.empty();
        }
        if (images.size() > 1) {
            throw ApiException.invalid("control_image", "control_image must be 1 picture, got %d", images.size());
        }
        return Optional.of(ControlUpload.of(
                FieldNames.OWN,
                images.getFirst(),
                fields.real("control_scale"),
                fields.text("control"),
                fields.text("control_preprocessor").orElse("")));
    }
}
