package dev.mobilediffusion.server.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * An OpenAPI description as one page of HTML, made once: no script and nothing from elsewhere, so it reads on a phone
 * without a way to the internet.
 */
final class DescriptionPage {

    private static final String SCHEMAS = "#/components/schemas/";

    private final ObjectNode description;
    private final StringBuilder html = new StringBuilder(1 << 16);

    /** @param description OpenAPI 3.1; references to schemas and responses are followed */
    DescriptionPage(ObjectNode description) {
        this.description = description;
    }

    String html() {
        JsonNode info = description.path("info");
        add("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        add("<title>%s</title>\n<link rel=\"stylesheet\" href=\"/docs/style.css\">\n", text(info.path("title")));
        add("</head>\n<body>\n<h1>%s</h1>\n<p>%s</p>\n", text(info.path("title")), text(info.path("description")));
        add("<p>For programs: <a href=\"/openapi.json\">/openapi.json</a></p>\n");
        for (JsonNode tag : description.path("tags")) {
            add("<h2>%s</h2>\n<p>%s</p>\n", text(tag.path("name")), text(tag.path("description")));
            addOperations(tag.path("name").asText());
        }
        add("<h2>Shapes</h2>\n");
        for (Map.Entry<String, JsonNode> schema :
                description.path("components").path("schemas").properties()) {
            add("<article id=\"%s\"><details><summary>%1$s</summary>\n", escaped(schema.getKey()));
            addSchema(schema.getValue());
            add("</details></article>\n");
        }
        add("</body>\n</html>\n");
        return html.toString();
    }

    private void addOperations(String tag) {
        for (Map.Entry<String, JsonNode> path : description.path("paths").properties()) {
            for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
                if (operation.getValue().path("tags").path(0).asText().equals(tag)) {
                    addOperation(operation.getKey(), path.getKey(), operation.getValue());
                }
            }
        }
    }

    private void addOperation(String method, String path, JsonNode operation) {
        add(
                "<article id=\"%s\"><details>\n",
                escaped(operation.path("operationId").asText()));
        add(
                "<summary><b class=\"method\">%s</b> <code>%s</code> %s</summary>\n",
                method.toUpperCase(Locale.ROOT), escaped(path), text(operation.path("summary")));
        if (operation.has("description")) {
            add("<p>%s</p>\n", text(operation.path("description")));
        }
        if (operation.has("parameters")) {
            add("<table>\n");
            for (JsonNode parameter : operation.path("parameters")) {
                addRow(
                        parameter.path("name").asText(),
                        type(parameter.path("schema")) + ", in " + text(parameter.path("in")),
                        text(parameter.path("description")));
            }
            add("</table>\n");
        }
        for (Map.Entry<String, JsonNode> content :
                operation.path("requestBody").path("content").properties()) {
            add("<p>Body, <code>%s</code>: %s</p>\n", escaped(content.getKey()), type(schemaOf(content)));
            addSchema(schemaOf(content));
        }
        add("<table>\n");
        for (Map.Entry<String, JsonNode> response : operation.path("responses").properties()) {
            addResponse(response.getKey(), followed(response.getValue()));
        }
        add("</table>\n</details></article>\n");
    }

    private void addResponse(String status, JsonNode response) {
        List<String> contents = new ArrayList<>();
        for (Map.Entry<String, JsonNode> content : response.path("content").properties()) {
            contents.add("<code>%s</code> %s".formatted(escaped(content.getKey()), type(schemaOf(content))));
        }
        addRow(
                status.equals("default") ? "otherwise" : status,
                String.join("<br>", contents),
                text(response.path("description")));
    }

    private static JsonNode schemaOf(Map.Entry<String, JsonNode> content) {
        return content.getValue().path("schema");
    }

    private void addSchema(JsonNode schema) {
        JsonNode shape = followed(schema);
        if (shape.has("description")) {
            add("<p>%s</p>\n", text(shape.path("description")));
        }
        if (!shape.has("properties")) {
            return;
        }
        List<String> required = new ArrayList<>();
        shape.path("required").forEach(name -> required.add(name.asText()));
        add("<table>\n");
        for (Map.Entry<String, JsonNode> field : shape.path("properties").properties()) {
            addRow(
                    field.getKey(),
                    type(field.getValue()) + (required.contains(field.getKey()) ? ", always" : ""),
                    text(field.getValue().path("description")));
        }
        add("</table>\n");
    }

    /** What a value may be, with its bounds; already HTML. */
    private String type(JsonNode schema) {
        if (schema.has("$ref")) {
            String name = escaped(schema.path("$ref").asText().replace(SCHEMAS, ""));
            return "<a href=\"#%s\">%1$s</a>".formatted(name);
        }
        StringJoiner type = new StringJoiner(" or ");
        schema.path("anyOf").forEach(choice -> type.add(type(choice)));
        if (schema.path("type").isArray()) {
            schema.path("type").forEach(name -> type.add(text(name)));
        } else if (schema.path("type").asText().equals("array")) {
            type.add("list of " + type(schema.path("items")));
        } else if (schema.has("type")) {
            type.add(text(schema.path("type")));
        }
        StringBuilder bounds = new StringBuilder();
        for (String word :
                new String[] {"minimum", "exclusiveMinimum", "maximum", "minLength", "maxLength", "const", "default"}) {
            if (schema.has(word)) {
                bounds.append(", ").append(word).append(' ').append(text(schema.path(word)));
            }
        }
        if (schema.has("enum")) {
            StringJoiner values = new StringJoiner(", ", ": ", "");
            schema.path("enum").forEach(value -> values.add(text(value)));
            bounds.append(values);
        }
        return type.toString() + bounds;
    }

    private JsonNode followed(JsonNode node) {
        return node.has("$ref") ? description.at(node.path("$ref").asText().substring(1)) : node;
    }

    private void addRow(String name, String type, String meaning) {
        add("<tr><th><code>%s</code></th><td>%s</td><td>%s</td></tr>\n", escaped(name), type, meaning);
    }

    private void add(String format, Object... args) {
        html.append(args.length == 0 ? format : String.format(Locale.ROOT, format, args));
    }

    private static String text(JsonNode value) {
        return escaped(value.asText());
    }

    /** Text as HTML; what stands between backticks is code. */
    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replaceAll("`([^`]*)`", "<code>$1</code>");
    }
}
