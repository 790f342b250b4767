package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.oneOf;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.page.PageRoutes;
import dev.mobilediffusion.server.security.IssuedKey;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is to be seen without a key, and what browsers may do. */
final class KeylessAccessTest extends AccessFixture {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/models",
                "/v1/jobs/x",
                "/health/ready",
                "/metrics",
                "/openapi.json",
                "/sdapi/v1/options",
                "/nothing",
            })
    void withoutAKeyThereIsNothingToBeSeen(String path) {
        key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            given().get(server.url() + path)
                    .then()
                    .statusCode(401)
                    .body(containsString("this server asks for an API key"));
        }
    }

    /** Sent as they are, which HTTP clients would not do. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/health/live/../../v1/models",
                "//v1/models",
                "/%76%31/models",
                "/health/../v1/models",
                "/page/a.js/../../v1/models",
                "/page/..%2fv1/models",
                "/page/page.js;/../../v1/models"
            })
    void noSpellingOfAnOpenPathOpensAnother(String path) throws Exception {
        key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"));
                Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            client.setSoTimeout(20_000);
            client.getOutputStream()
                    .write("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
                            .formatted(path)
                            .getBytes(StandardCharsets.US_ASCII));
            byte[] status = client.getInputStream().readNBytes("HTTP/1.1 401".length());
            assertThat(new String(status, StandardCharsets.US_ASCII), is(oneOf("HTTP/1.1 401", "HTTP/1.1 400")));
        }
    }

    @Test
    void aSignOfLifeNeedsNoKey() {
        key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            given().get(server.url() + "/health/live").then().statusCode(200);
        }
    }

    @Test
    void thePageIsThereBeforeItsKey() {
        key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            for (String path : PageRoutes.paths()) {
                given().accept("text/html, */*").get(server.url() + path).then().statusCode(200);
            }
            given().accept("*/*").get(server.url() + "/").then().statusCode(401);
            given().post(server.url() + "/").then().statusCode(401);
        }
    }

    @Test
    void metricsAndReadinessHaveTheirOwnSwitches() {
        key("phone");
        try (TestServer server = start(Map.of("require-keys", "true", "open-metrics", "true", "open-ready", "true"))) {
            given().get(server.url() + "/metrics").then().statusCode(200);
            given().get(server.url() + "/health/ready").then().statusCode(200);
            given().get(server.url() + "/v1/models").then().statusCode(401);
        }
    }

    @Test
    void eachApiRefusesInItsOwnForm() {
        key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            draw(given().header("Authorization", "Bearer " + WRONG), server)
                    .statusCode(401)
                    .header("WWW-Authenticate", "Bearer")
                    .body("error.code", equalTo("invalid_api_key"))
                    .body("error.type", equalTo("invalid_request_error"))
                    .body("error.message", equalTo("the API key is not one of this server's"));
            given().post(server.url() + "/sdapi/v1/txt2img")
                    .then()
                    .statusCode(401)
                    .header("WWW-Authenticate", startsWith("Basic "))
                    .body("detail", startsWith("this server asks for an API key"));
            assertThat(server.pipeline.finished().size(), is(0));
        }
    }

    @Test
    void ofNamesThatNeighboursAnswerToItsOwnAloneAreTheServers() {
        try (TestServer server = start(Map.of())) {
            for (String own : LocalNetwork.ownNames()) {
                given().header("Host", own)
                        .get(server.url() + "/v1/models")
                        .then()
                        .statusCode(200);
            }
            draw(given().header("Host", "evil.local").header("Origin", "http://evil.local"), server)
                    .statusCode(403)
                    .body("error.param", equalTo("Host"));
        }
    }

    @Test
    void pagesOfOtherSitesMayNotUseTheServer() {
        try (TestServer server = start(Map.of())) {
            for (String origin : new String[] {"https://evil.example", "null", "http://localhost:3000"}) {
                draw(given().header("Origin", origin), server)
                        .statusCode(403)
                        .header("Access-Control-Allow-Origin", is((String) null))
                        .body("error.param", equalTo("Origin"));
            }
            assertThat(server.pipeline.finished().size(), is(0));
            draw(given().header("Origin", server.url()), server).statusCode(200);
        }
    }

    @Test
    void pagesOfListedOriginsMay() {
        IssuedKey key = key("phone");
        String origin = "https://chat.example";
        try (TestServer server = start(Map.of("require-keys", "true", "allowed-origins", origin))) {
            given().header("Origin", origin)
                    .header("Access-Control-Request-Method", "POST")
                    .header("Access-Control-Request-Headers", "authorization,content-type")
                    .options(server.url() + "/v1/images/generations")
                    .then()
                    .statusCode(204)
                    .header("Access-Control-Allow-Origin", origin)
                    .header("Access-Control-Allow-Methods", containsString("POST"))
                    .header("Access-Control-Allow-Headers", "authorization,content-type");
            draw(bearer(key).header("Origin", origin), server)
                    .statusCode(200)
                    .header("Access-Control-Allow-Origin", origin)
                    .header("Vary", "Origin");
            draw(given().header("Origin", origin), server).statusCode(401);
        }
    }

    @Test
    void everyAnswerTellsBrowsersToBeCareful() {
        key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            for (String path : new String[] {"/health/live", "/v1/models"}) {
                given().get(server.url() + path)
                        .then()
                        .header("Content-Security-Policy", containsString("default-src 'none'"))
                        .header("Content-Security-Policy", not(containsString("unsafe")))
                        .header("X-Content-Type-Options", "nosniff")
                        .header("X-Frame-Options", "DENY")
                        .header("Referrer-Policy", "no-referrer");
            }
        }
    }
}
