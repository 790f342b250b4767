package dev.mobilediffusion.server.page;

import dev.mobilediffusion.server.edge.Api;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.wire.Accepted;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;

/**
 * The web page: {@code /} and, under {@code /page/}, what it needs. All of it lies in this jar and may be read without a
 * key; what the page then asks of {@code /v1} may not.
 */
public final class PageRoutes implements HttpService {

    /** Every file of the page; the first is the page itself, at {@code /}. */
    static final List<String> FILES = List.of(
            "index.html",
            "page.css",
            "page.js",
            "api.js",
            "compare.js",
            "composer.js",
            "drawing.js",
            "events.js",
            "gallery.js",
            "json.js",
            "key.js",
            "live.js",
            "livemode.js",
            "progress.js",
            "sketch.js",
            "source.js",
            "store.js",
            "viewer.js",
            "teaching.js",
            "things.js",
            "fleet.js",
            "words.js",
            "icon.svg",
            "manifest.webmanifest");

    /** Declares the files open: a browser cannot send a key before it has the page. To be called before the gate is registered. */
    public void declare(HttpRules rules) {
        Api open = Api.OTHER.withAccess(Api.Access.OPEN);
        for (String name : FILES) {
            String path = path(name);
            if (path.equals("/")) {
                // The page is there for browsers alone; programs get an answer that tells what the server draws with
                rules.any(path, (request, response) -> {
                    if (Accepted.names(request, "text", "html")) {
                        open.mark().handle(request, response);
                    } else {
                        response.next();
                    }
                });
            } else {
                open.declareOne(rules, path);
            }
        }
    }

    @Override
    public void routing(HttpRules rules) {
        for (String name : FILES) {
            PageFile file = PageFile.load(name);
            String path = path(name);
            rules.get(path, (request, response) -> send(request, response, file))
                    .any(path, Routes.methodNotAllowed("GET, HEAD"));
        }
    }

    /** Where the files are. */
    public static List<String> paths() {
        return FILES.stream().map(PageRoutes::path).toList();
    }

    private static String path(String name) {
        return name.equals(FILES.getFirst()) ? "/" : "/page/" + name;
    }

    private static void send(ServerRequest request, ServerResponse response, PageFile file) {
        response.header(HeaderNames.ETAG, file.tag());
        // Asked for each time, so that page and server are of one version; the answer is a 304 as a rule
        response.header(HeaderNames.CACHE_CONTROL, "no-cache");
        if (known(request, file.tag())) {
            response.status(Status.NOT_MODIFIED_304).send();
            return;
        }
        response.header(HeaderNames.CONTENT_TYPE, file.mediaType());
        response.send(file.bytes());
    }

    private static boolean known(ServerRequest request, String tag) {
        return request.headers().contains(HeaderNames.IF_NONE_MATCH)
                && request.headers().get(HeaderNames.IF_NONE_MATCH).allValues().stream()
                        .anyMatch(known -> known.contains(tag) || known.strip().equals("*"));
    }
}
