package dev.mobilediffusion.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.error.ApiException;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A request's fields and the images that came with it, whether it was JSON or a form. Images are taken out of the
 * fields once, so that nothing holds them twice.
 *
 * @param fields without the files of a form
 * @param files of a form
 * @param sha256 over names and values: equal requests have equal ones, whatever boundary their client chose
 */
public record Form(ObjectNode fields, List<FormFile> files, String sha256) {

    private static final Set<String> TEXTS = Set.of("prompt", "negative_prompt", "model", "user");

    /** A file that came in the field {@code name}. */
    public record FormFile(String name, byte[] bytes) {}

    /** @param maxBytes of the body */
    public static Form read(ServerRequest request, long maxBytes) {
        String type = request.headers().contains(HeaderNames.CONTENT_TYPE)
                ? request.headers().get(HeaderNames.CONTENT_TYPE).get()
                : "";
        if (!type.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")) {
            return json(request, maxBytes);
        }
        ObjectNode fields = Json.object();
        List<FormFile> files = new ArrayList<>();
        MessageDigest digest = sha256Digest();
        for (Multipart.Part part : Multipart.read(RequestBody.bytes(request, maxBytes), type)) {
            digest.update((part.name() + '\n' + part.bytes().length + '\n').getBytes(StandardCharsets.UTF_8));
            digest.update(part.bytes());
            if (part.file()) {
                files.add(new FormFile(part.name(), part.bytes()));
            } else {
                put(fields, part.name(), new String(part.bytes(), StandardCharsets.UTF_8));
            }
        }
        return new Form(fields, files, hex(digest.digest()));
    }

    /** As {@link #read}, of JSON alone. */
    public static Form json(ServerRequest request, long maxBytes) {
        byte[] raw = RequestBody.json(request, maxBytes);
        return new Form(Json.parseObject(raw), List.of(), hex(sha256Digest().digest(raw)));
    }

    private static MessageDigest sha256Digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static String hex(byte[] digest) {
        return HexFormat.of().formatHex(digest);
    }

    /** A form knows texts alone. */
    private static void put(ObjectNode fields, String name, String text) {
        boolean flag = text.equals("true") || text.equals("false");
        if (flag && !TEXTS.contains(name)) {
            fields.put(name, text.equals("true"));
        } else {
            fields.put(name, text);
        }
    }

    /** The images in the fields {@code names}, in the order that they came in; taken out of the fields. */
    public List<byte[]> take(String... names) {
        List<byte[]> found = new ArrayList<>();
        for (String name : names) {
            files.stream().filter(file -> file.name().equals(name)).forEach(file -> found.add(file.bytes()));
            JsonNode value = fields.remove(name);
            if (value instanceof ArrayNode array) {
                array.forEach(item -> addImage(name, item, found));
            } else if (value != null) {
                addImage(name, value, found);
            }
        }
        return found;
    }

    /** A text in base64, bare or as a data URI, or an object around one, as OpenAI's and others' clients send. */
    private static void addImage(String name, JsonNode value, List<byte[]> found) {
        JsonNode text = value;
        for (String inner : List.of("b64_json", "image_url", "url", "data")) {
            text = text.isObject() && text.has(inner) ? text.get(inner) : text;
        }
        if (text.isNull() || (text.isTextual() && text.textValue().isBlank())) {
            return;
        }
        if (!text.isTextual()) {
            throw ApiException.invalid(name, "%s must be a picture in base64, got %s", name, Json.kind(text));
        }
        found.add(decoded(name, text.textValue()));
    }

    private static byte[] decoded(String name, String text) {
        if (text.startsWith("http://") || text.startsWith("https://")) {
            throw ApiException.invalid(
                    name, "%s must be the picture itself, in base64; the server fetches no links", name);
        }
        try {
            String base64 = text.startsWith("data:") ? text.substring(text.indexOf(',') + 1) : text;
            return Base64.getMimeDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid(name, "%s must be a picture in base64: it is no base64", name);
        }
    }
}
