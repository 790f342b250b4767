package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.RequestBody;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Base64;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code POST /png-info}: the settings that a PNG file says it was drawn with. */
final class PngInfoRoutes implements HttpService {

    private static final Pattern SETTING = Pattern.compile("([A-Z][\\w ]{0,40}): (\"[^\"]{0,1000}\"|[^,]*)");

    private final long maxBodyBytes;

    PngInfoRoutes(long maxBodyBytes) {
        this.maxBodyBytes = maxBodyBytes;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/png-info", Answers.of(this::read)).any("/png-info", Answers.methodNotAllowed("POST"));
    }

    private void read(ServerRequest request, ServerResponse response) {
        Fields fields = new Fields(Json.parseObject(RequestBody.json(request, maxBodyBytes)));
        String image = fields.text("image").orElseThrow(() -> ApiException.invalid("image", "image is missing"));
        Map<String, String> texts = PngTexts.of(bytes(image));
        String infotext = texts.getOrDefault("parameters", "");
        ObjectNode node = Json.object();
        node.put("info", infotext);
        ObjectNode items = node.putObject("items");
        texts.forEach(items::put);
        node.set("parameters", settings(infotext));
        Answers.send(response, node);
    }

    /** Base64, bare or as a data URI. */
    private static byte[] bytes(String image) {
        try {
            return Base64.getMimeDecoder().decode(image.substring(image.indexOf(',') + 1));
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("image", "image must be a PNG file in base64");
        }
    }

    private static ObjectNode settings(String infotext) {
        ObjectNode node = Json.object();
        int last = infotext.lastIndexOf('\n');
        if (last < 0) {
            return node;
        }
        String prompt = infotext.substring(0, last);
        int negative = prompt.indexOf("\nNegative prompt: ");
        node.put("Prompt", negative < 0 ? prompt : prompt.substring(0, negative));
        node.put("Negative prompt", negative < 0 ? "" : prompt.substring(negative + "\nNegative prompt: ".length()));
        Matcher setting = SETTING.matcher(infotext.substring(last + 1));
        while (setting.find()) {
            node.put(setting.group(1), setting.group(2));
        }
        return node;
    }
}
