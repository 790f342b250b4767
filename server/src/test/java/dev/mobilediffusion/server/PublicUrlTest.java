package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Links of a server that clients reach through a proxy. */
final class PublicUrlTest {

    @TempDir
    private Path folder;

    @Test
    void thePublicUrlIsInEveryLink() {
        try (TestServer server = start(Map.of("public-url", "https://pics.example/draw/"))) {
            expectLinks(server, Map.of("Host", "pics.example"), "https://pics.example/draw/v1/jobs/job_");
            // A page of that address may use the server, under whatever name the proxy asks
            given().header("Origin", "https://pics.example")
                    .get(server.url() + "/v1/models")
                    .then()
                    .statusCode(200);
        }
    }

    @Test
    void aTrustedProxySaysHowItWasAsked() {
        Map<String, String> headers = Map.of(
                "X-Forwarded-Proto", "http, https",
                "X-Forwarded-Host", "evil.example, pics.example:8443",
                "X-Forwarded-Prefix", "/draw/");
        try (TestServer server = start(Map.of("trusted-proxies", "127.0.0.0/8", "allowed-hosts", "pics.example"))) {
            expectLinks(server, headers, "https://pics.example:8443/draw/v1/jobs/job_");
        }
    }

    @Test
    void aStrangersHeadersAreIgnored() {
        Map<String, String> headers = Map.of(
                "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example", "X-Forwarded-Prefix", "nonsense");
        try (TestServer server = start(Map.of("trusted-proxies", "10.0.0.0/8"))) {
            expectUrl(server, headers, server.url() + "/v1/jobs/job_");
            assertThat(submit(server, headers).extract().header("Location"), startsWith("/v1/jobs/job_"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "X-Forwarded-Proto, gopher, 400, must be http or https",
        "X-Forwarded-Host, a b, 400, must be a host's name",
        "X-Forwarded-Prefix, //evil.example/, 400, must be a path",
        "X-Forwarded-Host, evil.example, 403, allowed-hosts",
    })
    void whatCannotBePartOfALinkIsRefused(String header, String value, int status, String sentence) {
        try (TestServer server = start(Map.of("trusted-proxies", "127.0.0.1"))) {
            given().header(header, value)
                    .get(server.url() + "/v1/models")
                    .then()
                    .statusCode(status)
                    .body("error.param", equalTo(header))
                    .body("error.message", containsString(sentence));
        }
    }

    private static void expectLinks(TestServer server, Map<String, String> headers, String start) {
        expectUrl(server, headers, start);
        String location = submit(server, headers).extract().header("Location");
        assertThat(location, startsWith(start));
        String path = "/v1/jobs/" + location.substring(location.lastIndexOf('/') + 1);
        String events = asked(headers)
                .get(server.url() + path + "/events")
                .then()
                .statusCode(200)
                .extract()
                .asString();
        assertThat(events, containsString("\"url\":\"" + location + "/images/0\""));
        asked(headers).get(server.url() + path).then().body("images[0].url", is(location + "/images/0"));
    }

    private static void expectUrl(TestServer server, Map<String, String> headers, String start) {
        asked(headers)
                .body(Map.of("prompt", "a house", "response_format", "url"))
                .post(server.url() + "/v1/images/generations")
                .then()
                .statusCode(200)
                .body("data[0].url", startsWith(start));
    }

    private static ValidatableResponse submit(TestServer server, Map<String, String> headers) {
        return asked(headers)
                .body(Map.of("prompt", "a house"))
                .post(server.url() + "/v1/jobs")
                .then()
                .statusCode(202);
    }

    private static RequestSpecification asked(Map<String, String> headers) {
        return given().headers(headers).contentType(ContentType.JSON);
    }

    private TestServer start(Map<String, String> settings) {
        return TestServer.start(folder, settings);
    }
}
