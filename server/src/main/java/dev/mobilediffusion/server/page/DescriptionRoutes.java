package dev.mobilediffusion.server.page;

import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** {@code /openapi.json}, which describes every route of the server, and {@code /docs}, which shows it to people. */
public final class DescriptionRoutes implements HttpService {

    private final byte[] description = resource("openapi.json");
    private final byte[] style = resource("style.css");
    private final byte[] page =
            new DescriptionPage(Json.parseObject(description)).html().getBytes(StandardCharsets.UTF_8);

    @Override
    public void routing(HttpRules rules) {
        file(rules, "/openapi.json", "application/json", description);
        file(rules, "/docs", "text/html; charset=utf-8", page);
        file(rules, "/docs/style.css", "text/css; charset=utf-8", style);
    }

    private static void file(HttpRules rules, String path, String mediaType, byte[] bytes) {
        rules.get(path, (request, response) -> {
                    response.header(HeaderNames.CONTENT_TYPE, mediaType);
                    response.header(HeaderNames.CACHE_CONTROL, "no-cache");
                    response.send(bytes);
                })
                .any(path, Routes.methodNotAllowed("GET, HEAD"));
    }

    private static byte[] resource(String name) {
        try (InputStream stream = DescriptionRoutes.class.getResourceAsStream("/api/" + name)) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
