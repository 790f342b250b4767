package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.RequestBody;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Base64;
import java.util.Map;

/** {@code POST /png-info}: the settings that an image's file says it was drawn with. */
final class PngInfoRoutes implements HttpService {

    private final Uploads uploads;

    PngInfoRoutes(Uploads uploads) {
        this.uploads = uploads;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/png-info", uploads.limited(Answers.of(this::read)))
                .any("/png-info", Answers.methodNotAllowed("POST"));
    }

    private void read(ServerRequest request, ServerResponse response) {
        Fields fields = new Fields(Json.parseObject(RequestBody.json(request, uploads.maxBytes())));
        String image = fields.text("image").orElseThrow(() -> ApiException.invalid("image", "image is missing"));
        Map<String, String> texts = ImageTexts.of(bytes(image));
        String infotext = texts.getOrDefault(ImageTexts.SETTINGS, "");
        ObjectNode node = Json.object();
        node.put("info", infotext);
        ObjectNode items = node.putObject("items");
        texts.forEach(items::put);
        node.set("parameters", infotext.isBlank() ? Json.object() : InfotextReader.read(infotext));
        Answers.send(response, node);
    }

    /** Base64, bare or as a data URI. */
    private static byte[] bytes(String image) {
        try {
            return Base64.getMimeDecoder().decode(image.substring(image.indexOf(',') + 1));
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("image", "image must be a PNG, JPEG or WebP file in base64");
        }
    }
}
