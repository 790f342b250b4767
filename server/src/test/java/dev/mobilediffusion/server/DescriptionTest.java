package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.oneOf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.runtime.image.ImageFormat;
import io.restassured.response.Response;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code /openapi.json} names the routes that there are, no more and no fewer, and they answer as it says. */
final class DescriptionTest {

    /** Files of the web page, which are no API. */
    private static final String PAGE_FILES = "/page/";

    /** Only where the server made a certificate of its own, which the one of this test has not. */
    private static final String WITH_TLS = "GET /ca.pem";

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    private static JsonNode description;

    @BeforeAll
    static void start() throws IOException {
        description = new ObjectMapper()
                .readTree(given().get(server.url() + "/openapi.json").asByteArray());
    }

    @Test
    void everyRouteIsDescribedAndNoOther() {
        RouteRecorder recorder = new RouteRecorder();
        server.server().install(recorder.builder(), EnumSet.allOf(ImageFormat.class));
        Set<String> routes = new TreeSet<>(recorder.routes());
        routes.removeIf(route -> route.contains(" " + PAGE_FILES));
        routes.add(WITH_TLS);

        assertThat(described(), is(routes));
        assertThat(routes.size(), greaterThan(40));
    }

    @Test
    void eachRouteAnswersWithAStatusAndMediaTypeOfItsDescription() {
        for (Map.Entry<String, JsonNode> path : description.path("paths").properties()) {
            for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
                String method = operation.getKey().toUpperCase(Locale.ROOT);
                String target = path.getKey()
                        .replace("{id}", "fake")
                        .replace("{index}", "0")
                        .replace("{name}", "zorb");
                Response reply = given().contentType("application/json")
                        .body(method.equals("POST") ? "{\"prompt\":\"a\",\"image\":\"\"}" : "")
                        .request(method, server.url() + target);
                JsonNode responses = operation.getValue().path("responses");
                JsonNode expected = responses.path(Integer.toString(reply.statusCode()));
                String where = method + " " + target + " " + reply.statusCode();
                assertThat(where, reply.statusCode(), is(not(405)));
                JsonNode response = expected.isMissingNode() ? responses.path("default") : expected;
                if (response.has("$ref")) {
                    response = description.at(response.path("$ref").asText().substring(1));
                }
                if (response.has("content")) {
                    Set<String> types = new TreeSet<>();
                    response.path("content").fieldNames().forEachRemaining(types::add);
                    assertThat(
                            where,
                            reply.contentType().replaceAll(";.*", "").strip(),
                            is(oneOf(types.toArray(String[]::new))));
                }
            }
        }
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        for (JsonNode reference : description.findValues("$ref")) {
            String pointer = reference.asText().substring(1);
            assertThat(pointer, description.at(pointer).isMissingNode(), is(false));
        }
    }

    @Test
    void thePageNeedsNothingFromElsewhere() {
        Response page = given().get(server.url() + "/docs");

        page.then()
                .statusCode(200)
                .contentType(containsString("text/html"))
                .header("Content-Security-Policy", containsString("default-src 'none'"))
                .body(containsString("/v1/images/generations"))
                .body(containsString("partial_images"))
                .body(not(containsString("<script")))
                .body(not(containsString("//")));
        given().get(server.url() + "/docs/style.css").then().statusCode(200).body(not(containsString("url(")));
    }

    private static Set<String> described() {
        Set<String> operations = new TreeSet<>();
        for (Map.Entry<String, JsonNode> path : description.path("paths").properties()) {
            path.getValue()
                    .fieldNames()
                    .forEachRemaining(method -> operations.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey()));
        }
        return operations;
    }
}
