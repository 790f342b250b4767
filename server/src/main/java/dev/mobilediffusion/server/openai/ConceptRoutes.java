package dev.mobilediffusion.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.concept.Concept;
import dev.mobilediffusion.runtime.concept.Concepts;
import dev.mobilediffusion.runtime.image.Cutout;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.models.ModelConcepts;
import dev.mobilediffusion.server.wire.Fields;
import dev.mobilediffusion.server.wire.Form;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/** {@code /v1/models/{id}/concepts}: the things that people taught a model by one picture each. */
public final class ConceptRoutes implements HttpService {

    private static final String LIST = "/{id}/concepts";
    private static final String ONE = LIST + "/{name}";
    private static final String PICTURE = ONE + "/picture";

    private final ModelConcepts concepts;
    private final Uploads uploads;

    public ConceptRoutes(ModelConcepts concepts, Uploads uploads) {
        this.concepts = concepts;
        this.uploads = uploads;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get(LIST, this::list)
                .post(LIST, uploads.limited(this::add))
                .any(LIST, Routes.methodNotAllowed("GET, HEAD, POST"))
                .delete(ONE, this::remove)
                .any(ONE, Routes.methodNotAllowed("DELETE"))
                .get(PICTURE, this::picture)
                .any(PICTURE, Routes.methodNotAllowed("GET, HEAD"));
    }

    private void list(ServerRequest request, ServerResponse response) {
        String model = parameter(request, "id");
        ObjectNode node = Json.object();
        node.put("object", "list");
        ArrayNode data = node.putArray("data");
        concepts.list(model).forEach(concept -> data.add(json(model, concept)));
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.send(Json.bytes(node));
    }

    private void add(ServerRequest request, ServerResponse response) {
        String model = parameter(request, "id");
        Form form = Form.read(request, uploads.maxBytes());
        List<byte[]> images = form.take("image", "image[]");
        if (images.size() != 1) {
            throw ApiException.invalid(
                    "image", "image must be one PNG, JPEG or WebP file, got %d of them", images.size());
        }
        String name = new Fields(form.fields())
                .text("name")
                .orElseThrow(() -> ApiException.invalid("name", "name is missing: what is the thing called?"));
        Concepts.Taught taught = concepts.add(model, name, names(form.fields().path("names")), images.getFirst());
        ObjectNode node = json(model, taught.concept());
        node.put("replaced", taught.replaced());
        node.put(
                "ground",
                switch (taught.ground()) {
                    case TRANSPARENT -> "transparent";
                    case TAKEN_AWAY -> "taken_away";
                    case KEPT -> "kept";
                });
        if (taught.ground() == Cutout.Ground.KEPT) {
            node.putArray("warnings").add(Cutout.KEPT_SENTENCE);
        }
        response.status(Status.CREATED_201);
        response.header(HeaderNames.LOCATION, path(model, taught.concept()));
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.send(Json.bytes(node));
    }

    /** A list of texts, or one with commas, as forms have it. */
    private static List<String> names(JsonNode value) {
        List<String> names = new ArrayList<>();
        if (value.isTextual()) {
            for (String name : value.textValue().split(",", -1)) {
                if (!name.isBlank()) {
                    names.add(name);
                }
            }
        } else if (value.isArray()
                && StreamSupport.stream(value.spliterator(), false).allMatch(JsonNode::isTextual)) {
            value.forEach(name -> names.add(name.textValue()));
        } else if (!value.isMissingNode() && !value.isNull()) {
            throw ApiException.invalid("names", "names must be a list of names, or one text with commas between them");
        }
        return names;
    }

    private void remove(ServerRequest request, ServerResponse response) {
        concepts.remove(parameter(request, "id"), parameter(request, "name"));
        response.status(Status.NO_CONTENT_204).send();
    }

    private void picture(ServerRequest request, ServerResponse response) {
        try {
            byte[] png = Files.readAllBytes(concepts.picture(parameter(request, "id"), parameter(request, "name")));
            response.header(HeaderNames.CONTENT_TYPE, "image/png");
            response.header(HeaderNames.CACHE_CONTROL, "no-cache"); // the name may get another picture
            response.send(png);
        } catch (IOException unreadable) {
            throw ApiException.of(ErrorCode.STORAGE_UNAVAILABLE, "the picture cannot be read");
        }
    }

    private static ObjectNode json(String model, Concept concept) {
        ObjectNode node = Json.object();
        node.put("id", concept.name());
        node.put("object", "concept");
        concept.names().forEach(node.putArray("names")::add);
        node.put("picture", path(model, concept) + "/picture");
        return node;
    }

    private static String path(String model, Concept concept) {
        return "/v1/models/%s/concepts/%s".formatted(encoded(model), encoded(concept.name()));
    }

    private static String encoded(String segment) {
        return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String parameter(ServerRequest request, String name) {
        return request.path().pathParameters().get(name);
    }
}
