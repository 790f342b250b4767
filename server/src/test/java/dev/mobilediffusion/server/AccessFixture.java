package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;

import dev.mobilediffusion.server.security.IssuedKey;
import dev.mobilediffusion.server.security.KeyFile;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.io.TempDir;

/** Servers in a folder of their own, and the keys that open them. */
abstract class AccessFixture {

    static final String WRONG = "md_" + "A".repeat(43);

    @TempDir
    Path folder;

    TestServer start(Map<String, String> settings) {
        return TestServer.start(folder, settings);
    }

    Path data() {
        return TestServer.config(folder).data();
    }

    KeyFile keys() {
        return new KeyFile(data(), Clock.systemUTC());
    }

    IssuedKey key(String name) {
        return keys().add(name, Optional.empty(), OptionalInt.empty());
    }

    static RequestSpecification bearer(IssuedKey key) {
        return given().header("Authorization", "Bearer " + key.secret());
    }

    static ValidatableResponse draw(RequestSpecification request, TestServer server) {
        return request.contentType("application/json")
                .body("{\"prompt\":\"a house\"}")
                .post(server.url() + "/v1/images/generations")
                .then();
    }
}
