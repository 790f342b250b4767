package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.ControlUpload;
import dev.mobilediffusion.server.generation.Field;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/** The units of sd-webui-controlnet, {@code alwayson_scripts.controlnet.args}: the first that is switched on is followed. */
final class ControlNetFields {

    /** What it calls its preprocessors, as far as there is one here. */
    static final Map<String, Preprocessor> MODULES = Map.of(
            "none", Preprocessor.NONE,
            "canny", Preprocessor.EDGES,
            "invert (from white bg & black line)", Preprocessor.INVERT);

    private static final String SCRIPTS = "alwayson_scripts";
    private static final List<String> IMAGES = List.of("image", "input_image");
    private static final FieldNames NAMES = new FieldNames(Map.of(
            Field.CONTROL_IMAGE, SCRIPTS + ".controlnet.args.image",
            Field.CONTROL_SCALE, SCRIPTS + ".controlnet.args.weight",
            Field.CONTROL_PREPROCESSOR, SCRIPTS + ".controlnet.args.module"));

    private ControlNetFields() {}

    /**
     * Takes the units' images out of {@code body}.
     *
     * @param controls that the models have
     * @param otherwise the image of a unit that brings none, as img2img's own
     * @param warnings gets sentences for the person who asked
     */
    static Optional<ControlUpload> take(
            ObjectNode body,
            Supplier<List<String>> controls,
            Supplier<Optional<byte[]>> otherwise,
            List<String> warnings) {
        List<ObjectNode> units = units(body);
        Optional<ControlUpload> first = Optional.empty();
        for (ObjectNode unit : units) {
            if (unit.path("enabled").isBoolean() && !unit.path("enabled").booleanValue()) {
                unit.remove(IMAGES);
                continue;
            }
            List<byte[]> images = images(unit);
            Optional<byte[]> image = images.stream().findFirst().or(otherwise);
            if (image.isEmpty()) {
                continue;
            }
            if (first.isPresent()) {
                warnings.add("of several ControlNet units the first is followed; the others have no effect");
                break;
            }
            first = Optional.of(read(unit, image.get(), controls.get(), warnings));
        }
        return first;
    }

    private static List<ObjectNode> units(ObjectNode body) {
        List<ObjectNode> units = new ArrayList<>();
        body.path(SCRIPTS).properties().forEach(script -> {
            if (script.getKey().equalsIgnoreCase("controlnet")) {
                for (JsonNode unit : script.getValue().path("args")) {
                    if (unit instanceof ObjectNode object) {
                        units.add(object);
                    }
                }
            }
        });
        return units;
    }

    /** Base64, or an object with {@code image} and {@code mask}. */
    private static List<byte[]> images(ObjectNode unit) {
        for (String name : IMAGES) {
            if (unit.path(name).path("image").isTextual()) {
                unit.set(name, unit.path(name).path("image"));
            }
        }
        unit.remove(List.of("mask", "mask_image", "effective_region_mask"));
        return new Form(unit, List.of(), "").take(IMAGES.toArray(String[]::new));
    }

    private static ControlUpload read(ObjectNode unit, byte[] image, List<String> controls, List<String> warnings) {
        Fields fields = new Fields(unit);
        String module = fields.lenientText("module").orElse("").strip().toLowerCase(Locale.ROOT);
        Optional<Preprocessor> preprocessor = Optional.ofNullable(MODULES.get(module));
        if (preprocessor.isEmpty() && !module.isEmpty()) {
            warnings.add("there is no preprocessor \"%s\" here; the control's own is used".formatted(abridged(module)));
        }
        return ControlUpload.of(
                NAMES,
                image,
                OptionalDouble.of(fields.real("weight").orElse(1)),
                control(fields, controls, warnings),
                preprocessor.map(Preprocessor::spelling).orElse(""));
    }

    /** {@code control_v11p_sd15_canny [d14c016b]}: with a hash, and often a model that nobody has here. */
    private static Optional<String> control(Fields fields, List<String> controls, List<String> warnings) {
        String name = fields.lenientText("model")
                .orElse("")
                .replaceFirst(" \\[[0-9a-f]+]$", "")
                .strip();
        if (name.isEmpty() || name.equalsIgnoreCase("none") || controls.contains(name)) {
            return Optional.of(name).filter(controls::contains);
        }
        if (controls.size() != 1) {
            throw ApiException.invalid(
                    SCRIPTS + ".controlnet.args.model",
                    "there is no control \"%s\"; /controlnet/model_list lists them: %s",
                    abridged(name),
                    String.join(", ", controls));
        }
        warnings.add("there is no control \"%s\"; %s is used".formatted(abridged(name), controls.getFirst()));
        return Optional.of(controls.getFirst());
    }

    private static String abridged(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
