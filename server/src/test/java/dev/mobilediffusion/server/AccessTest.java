package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.security.IssuedKey;
import dev.mobilediffusion.server.security.KeyFile;
import io.restassured.response.Response;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Who gets in by REST, and who does not. */
final class AccessTest extends AccessFixture {

    @Test
    void thisMachineNeedsNoKey() {
        try (TestServer server = start(Map.of())) {
            given().get(server.url() + "/v1/models").then().statusCode(200);
        }
    }

    @Test
    void aKeyLetsInAsBearerAndAsPassword() {
        IssuedKey key = key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            for (String authorization :
                    new String[] {"Bearer " + key.secret(), "bearer  " + key.secret(), basic("ann", key), basic("", key)
                    }) {
                given().header("Authorization", authorization)
                        .get(server.url() + "/v1/models")
                        .then()
                        .statusCode(200);
            }
        }
    }

    @Test
    void aRunningServerNoticesNewAndRevokedKeys() {
        IssuedKey first = key("first");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            IssuedKey second = key("second");
            draw(bearer(second), server).statusCode(200);

            keys().revoke("first");
            draw(bearer(first), server)
                    .statusCode(401)
                    .body("error.message", equalTo("the API key 'first' was revoked"));
            draw(bearer(second), server).statusCode(200);
        }
    }

    @Test
    void anExpiredKeyLetsNobodyIn() {
        Instant lastWeek = Instant.now().minus(Duration.ofDays(7));
        Instant yesterday = Instant.now().minus(Duration.ofDays(1));
        IssuedKey expired = new KeyFile(data(), Clock.fixed(lastWeek, ZoneOffset.UTC))
                .add("old", Optional.of(yesterday), OptionalInt.empty());
        key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            draw(bearer(expired), server)
                    .statusCode(401)
                    .body("error.message", equalTo("the API key 'old' expired at " + yesterday));
        }
    }

    @Test
    void whoTriesTooOftenMustWaitButTheOwnerNeedNot() {
        IssuedKey key = key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            Response refusal = wrong(server);
            assertThat(refusal.statusCode(), is(401));
            for (int i = 0; i < 100 && refusal.statusCode() == 401; i++) {
                refusal = wrong(server);
            }
            refusal.then()
                    .statusCode(429)
                    .header("Retry-After", Integer::parseInt, greaterThan(0))
                    .body("error.message", startsWith("too many wrong API keys from this address"));
            draw(bearer(key), server).statusCode(200);
        }
    }

    @Test
    void aKeyMayHaveALimitOfImages() {
        IssuedKey key = keys().add("guest", Optional.empty(), OptionalInt.of(2));
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            draw(bearer(key), server).statusCode(200);
            draw(bearer(key), server).statusCode(200);
            draw(bearer(key), server)
                    .statusCode(429)
                    .header("Retry-After", Integer::parseInt, greaterThan(0))
                    .body("error.message", equalTo("the API key 'guest' may ask for pictures 2 times a minute"));
            bearer(key).get(server.url() + "/v1/models").then().statusCode(200);
        }
    }

    @Test
    void aDamagedFileOfKeysLetsNobodyIn() throws Exception {
        IssuedKey key = key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            Files.writeString(data().resolve("keys.json"), "{\"version\":1,\"keys\":[]");
            draw(bearer(key), server).statusCode(401);
        }
    }

    @Test
    void aLongBodyWithoutAKeyIsRefusedWithoutReadingIt() {
        key("phone");
        try (TestServer server = start(Map.of("require-keys", "true", "max-body-bytes", "1000000"))) {
            given().body(new byte[900_000])
                    .post(server.url() + "/v1/images/generations")
                    .then()
                    .statusCode(401)
                    .header("Connection", equalTo("close"));
        }
    }

    @Test
    void jobsOfAKeyGoByItsName() throws Exception {
        IssuedKey key = key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            String id = bearer(key)
                    .contentType("application/json")
                    .body("{\"prompt\":\"a house\"}")
                    .post(server.url() + "/v1/jobs")
                    .then()
                    .statusCode(202)
                    .extract()
                    .path("id");

            assertThat(server.queue().find(id).orElseThrow().client().value(), is("key:phone"));
        }
    }

    @Test
    void theKeyIsNowhereOnTheDisk() throws Exception {
        IssuedKey key = key("phone");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            draw(bearer(key), server).statusCode(200);
        }
        try (var files = Files.walk(data())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
                assertThat(file.toString(), bytes, not(containsString(key.secret())));
            }
        }
        assertThat(Files.exists(data().resolve("keys.json")), is(true));
    }

    private static Response wrong(TestServer server) {
        return given().header("Authorization", "Bearer " + WRONG).get(server.url() + "/v1/models");
    }

    private static String basic(String user, IssuedKey key) {
        String pair = user + ":" + key.secret();
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }
}
