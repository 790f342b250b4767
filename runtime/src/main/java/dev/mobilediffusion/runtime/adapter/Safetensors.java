package dev.mobilediffusion.runtime.adapter;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.runtime.InferenceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A file of tensors: a header's length in 8 bytes, the header in JSON, the tensors' bytes
 * (https://github.com/huggingface/safetensors). Every length is checked before anything is read by it.
 */
final class Safetensors {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_HEADER_BYTES = 16 << 20;
    private static final Map<String, Integer> BYTES = Map.of("F64", 8, "F32", 4, "F16", 2, "BF16", 2);

    private final String name;
    private final ByteBuffer content;
    private final Map<String, Place> places = new LinkedHashMap<>();

    private record Place(String type, int[] shape, int from, int elements) {}

    /** @param values row by row */
    record Tensor(int[] shape, float[] values) {}

    private Safetensors(String name, ByteBuffer content) {
        this.name = name;
        this.content = content;
    }

    /**
     * @param name that messages use
     * @throws InferenceException with code INVALID_REQUEST when it is none, or cut off
     */
    static Safetensors open(Path file, String name) {
        try (FileChannel channel = FileChannel.open(file)) {
            long size = channel.size();
            if (size < Long.BYTES || size > Integer.MAX_VALUE) {
                throw invalid(name, "must have 8 to 2147483647 bytes, got " + size);
            }
            ByteBuffer whole =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, size).order(ByteOrder.LITTLE_ENDIAN);
            long header = whole.getLong(0);
            if (header < 2 || header > Math.min(MAX_HEADER_BYTES, size - Long.BYTES)) {
                throw invalid(name, "is no safetensors file, or cut off: its header would have " + header + " bytes");
            }
            String text = StandardCharsets.UTF_8
                    .decode(whole.slice(Long.BYTES, (int) header))
                    .toString();
            int begin = Long.BYTES + (int) header;
            Safetensors tensors =
                    new Safetensors(name, whole.slice(begin, (int) size - begin).order(ByteOrder.LITTLE_ENDIAN));
            tensors.read(JSON.readTree(text));
            return tensors;
        } catch (JsonProcessingException damaged) {
            throw invalid(name, "is no safetensors file: its header is no JSON");
        } catch (IOException unreadable) {
            throw invalid(name, "cannot be read: " + unreadable);
        }
    }

    private void read(JsonNode header) {
        for (Map.Entry<String, JsonNode> entry : header.properties()) {
            if (!entry.getKey().equals("__metadata__")) {
                places.put(entry.getKey(), place(entry.getKey(), entry.getValue()));
            }
        }
        if (places.isEmpty()) {
            throw invalid(name, "holds no tensors");
        }
    }

    private Place place(String tensor, JsonNode entry) {
        String type = entry.path("dtype").asText();
        long from = entry.path("data_offsets").path(0).asLong(-1);
        long to = entry.path("data_offsets").path(1).asLong(-1);
        int[] shape = new int[entry.path("shape").size()];
        long elements = 1;
        for (int i = 0; i < shape.length; i++) {
            long length = entry.path("shape").get(i).asLong(-1);
            if (length < 0 || length > Integer.MAX_VALUE || (elements *= length) > Integer.MAX_VALUE) {
                throw invalid(name, "is damaged: the shape of %s".formatted(tensor));
            }
            shape[i] = (int) length;
        }
        if (!BYTES.containsKey(type)) {
            throw invalid(name, "has %s in %s; F32, F16, BF16 and F64 can be read".formatted(tensor, type));
        }
        if (from < 0 || to > content.capacity() || to - from != elements * BYTES.get(type)) {
            throw invalid(name, "is damaged or cut off: the bytes of %s".formatted(tensor));
        }
        return new Place(type, shape, (int) from, (int) elements);
    }

    Set<String> names() {
        return places.keySet();
    }

    /** The tensor called {@code tensor}, which {@link #names} lists. */
    Tensor tensor(String tensor) {
        Place place = places.get(tensor);
        float[] values = new float[place.elements];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (place.type) {
                case "F64" -> (float) content.getDouble(place.from + Double.BYTES * i);
                case "F32" -> content.getFloat(place.from + Float.BYTES * i);
                case "F16" -> Float.float16ToFloat(content.getShort(place.from + Short.BYTES * i));
                default -> Float.intBitsToFloat(content.getShort(place.from + Short.BYTES * i) << 16);
            };
        }
        return new Tensor(place.shape, values);
    }

    private static InferenceException invalid(String name, String sentence) {
        return InferenceException.invalid("loras", "%s", "the LoRA %s %s".formatted(name, sentence));
    }
}
