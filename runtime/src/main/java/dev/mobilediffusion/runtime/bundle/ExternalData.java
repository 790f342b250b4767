package dev.mobilediffusion.runtime.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * Where a network's file says that the bytes of a weight lie, when they do not lie in itself.
 *
 * @param location path from the network's folder; empty for none
 * @param offset of the first byte
 * @param length in bytes; 0 for all that follow
 */
record ExternalData(String location, long offset, long length) {

    static final ExternalData NONE = new ExternalData("", 0, 0);

    // Field numbers of onnx.proto's StringStringEntryProto
    private static final int KEY = 1;
    private static final int VALUE = 2;

    /**
     * The same with one more entry of {@code TensorProto.external_data}.
     *
     * @throws IllegalArgumentException when a number is none
     */
    ExternalData with(ProtoFields entry) {
        String key = "";
        String value = "";
        while (entry.next()) {
            switch (entry.number()) {
                case KEY -> key = entry.text();
                case VALUE -> value = entry.text();
                default -> {}
            }
        }
        return switch (key) {
            case "location" -> new ExternalData(value, offset, length);
            case "offset" -> new ExternalData(location, Long.parseLong(value), length);
            case "length" -> new ExternalData(location, offset, Long.parseLong(value));
            default -> this;
        };
    }

    /**
     * @param folder the network's
     * @param network its name
     * @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_BUNDLE when the bytes are not there
     */
    void requireIn(Path folder, String network) throws IOException {
        Path file;
        try {
            file = folder.resolve(location).normalize();
        } catch (InvalidPathException odd) {
            throw outside(network);
        }
        if (location.isEmpty() || file.equals(folder.normalize()) || !file.startsWith(folder.normalize())) {
            throw outside(network);
        }
        if (!Files.isRegularFile(file)) {
            throw ConfigFile.invalid(
                    "%s/model.onnx has weights in %s/%s, which is missing; copy it from the model's export",
                    network, network, location);
        }
        long size = Files.size(file);
        if (offset < 0 || length < 0 || offset > size || length > size - offset) {
            throw ConfigFile.invalid(
                    "%s/%s has %d bytes, and %s/model.onnx has weights in it from byte %d on, %d bytes long; install"
                            + " the model again",
                    network, location, size, network, offset, length);
        }
    }

    private RuntimeException outside(String network) {
        return ConfigFile.invalid(
                "%s/model.onnx has weights in '%s', which is outside of the model; do not trust where it comes from",
                network, location);
    }
}
