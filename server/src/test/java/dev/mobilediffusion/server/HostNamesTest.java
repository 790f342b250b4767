package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which names a request may call the server by: a page elsewhere may point a name of its own at this machine. */
final class HostNamesTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"})
    void aNameThatIsNotTheServersIsRefused(String host) {
        try (TestServer server = start(Map.of())) {
            given().header("Host", host)
                    .get(server.url() + "/v1/models")
                    .then()
                    .statusCode(403)
                    .body("error.code", equalTo("forbidden"))
                    .body("error.param", equalTo("Host"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "LOCALHOST:80", "192.168.1.5", "[::1]:8080", "pics.example"})
    void addressesOwnNamesAndListedNamesAreTheServers(String host) {
        try (TestServer server = start(Map.of("allowed-hosts", "pics.example"))) {
            given().header("Host", host).get(server.url() + "/v1/models").then().statusCode(200);
        }
    }

    private TestServer start(Map<String, String> settings) {
        return TestServer.start(folder, settings);
    }
}
