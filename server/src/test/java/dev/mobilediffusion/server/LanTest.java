package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.discovery.QrReader;
import dev.mobilediffusion.server.security.IssuedKey;
import dev.mobilediffusion.server.security.KeyFile;
import dev.mobilediffusion.server.security.KeyFileException;
import dev.mobilediffusion.server.security.ServerCertificate;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that other machines can reach. */
final class LanTest {

    @TempDir
    private Path folder;

    @Test
    void theFirstStartMakesAKeyAndShowsItThisOnce() throws Exception {
        IssuedKey key;
        try (TestServer server = start(Map.of("lan", "true"))) {
            key = server.server().firstKey().orElseThrow();
            assertThat(greeting(server), containsString("API key 'first', shown this once"));
            assertThat(greeting(server), containsString(key.secret()));
            given().get(server.url() + "/v1/models").then().statusCode(401);
            given().header("Authorization", "Bearer " + key.secret())
                    .get(server.url() + "/v1/models")
                    .then()
                    .statusCode(200);
        }
        assertThat(mode(), is("rw-------"));
        try (TestServer server = start(Map.of("lan", "true"))) {
            assertThat(server.server().firstKey(), is(Optional.empty()));
            assertThat(greeting(server), not(containsString("shown this once")));
            given().header("Authorization", "Bearer " + key.secret())
                    .get(server.url() + "/v1/models")
                    .then()
                    .statusCode(200);
        }
    }

    @Test
    void theStartLineSaysThatTrafficCanBeRead() {
        try (TestServer server = start(Map.of("lan", "true"))) {
            String first = greeting(server).lines().findFirst().orElseThrow();
            assertThat(first, containsString("not encrypted: others on the network can read"));
        }
        try (TestServer server = start(Map.of())) {
            assertThat(greeting(server), not(containsString("encrypted")));
        }
    }

    @Test
    void anAddressThatOthersReachNeedsAKeyOrAWordThatItDoesNot() {
        IllegalStateException refusal = assertThrows(
                IllegalStateException.class,
                () -> start(Map.of("host", "0.0.0.0")).close());
        assertThat(refusal.getMessage(), containsString("cannot listen at 0.0.0.0 without an API key"));
        assertThat(refusal.getMessage(), containsString("--insecure"));

        try (TestServer server = start(Map.of("host", "0.0.0.0", "insecure", "true"))) {
            given().get(server.url() + "/v1/models").then().statusCode(200);
            assertThat(greeting(server), containsString("everybody who reaches this server may use it"));
        }
        assertThat(Files.exists(keyFile()), is(false));
    }

    @Test
    void aPhoneGetsInByTheCodeOnTheScreen() throws Exception {
        if (LocalNetwork.primaryAddress().isEmpty()) {
            theKeyIsShownWithoutALinkWhereThereIsNoNetwork();
            return;
        }
        try (TestServer server = start(Map.of("lan", "true"))) {
            String url = server.server().lanUrl().orElseThrow();
            String secret = server.server().firstKey().orElseThrow().secret();
            String greeting = greeting(server);

            assertThat(greeting, containsString("on a device nearby: " + url + "/"));
            assertThat(QrReader.read(code(greeting)), is(url + "/#key=" + secret));
            given().header("Authorization", "Bearer " + secret)
                    .get(url + "/v1/models")
                    .then()
                    .statusCode(200);
        }
        try (TestServer server = start(Map.of("lan", "true", "tls", "true"))) {
            String url = server.server().lanUrl().orElseThrow();
            ServerCertificate certificate = server.server().certificate().orElseThrow();
            String greeting = greeting(server);

            assertThat(greeting, not(containsString("not encrypted")));
            assertThat(
                    greeting,
                    containsString("certificate SHA-256 "
                            + ServerCertificate.fingerprint(certificate.chain().getFirst())));
            assertThat(
                    greeting,
                    containsString("root SHA-256 "
                            + ServerCertificate.fingerprint(certificate.root().orElseThrow())));
            assertThat("the key is not known any more", QrReader.read(code(greeting)), is(url + "/"));
        }
    }

    private void theKeyIsShownWithoutALinkWhereThereIsNoNetwork() throws Exception {
        try (TestServer server = start(Map.of("lan", "true"))) {
            String greeting = greeting(server);

            assertThat(
                    greeting,
                    containsString(server.server().firstKey().orElseThrow().secret()));
            assertThat(greeting, not(containsString("on a device nearby")));
            assertThat(code(greeting), is(List.of()));
        }
    }

    private static List<String> code(String greeting) {
        return greeting.lines().filter(line -> line.matches("[█▀▄ ]+")).toList();
    }

    @Test
    void anUnknownAddressIsNamed() {
        IllegalStateException refusal = assertThrows(
                IllegalStateException.class,
                () -> start(Map.of("host", "no-such-name.invalid")).close());
        assertThat(refusal.getMessage(), is("cannot listen at no-such-name.invalid: there is no such address"));
    }

    @Test
    void aFileOfKeysThatOthersMayReadIsTakenBack() throws Exception {
        try (TestServer server = start(Map.of("lan", "true"))) {
            assertThat(server.server().firstKey().isPresent(), is(true));
        }
        Files.setPosixFilePermissions(keyFile(), PosixFilePermissions.fromString("rw-rw-r--"));
        try (TestServer server = start(Map.of("lan", "true"))) {
            assertThat(mode(), is("rw-------"));
        }
    }

    @Test
    void aDamagedFileOfKeysKeepsTheServerFromStarting() throws Exception {
        Files.createDirectories(keyFile().getParent());
        Files.writeString(keyFile(), "{\"version\":1,\"keys\":[{\"name\":\"a\",\"colour\":\"red\"}]}");

        KeyFileException refusal = assertThrows(
                KeyFileException.class, () -> start(Map.of("lan", "true")).close());
        assertThat(refusal.getMessage(), is("cannot use %s: a key has no field 'colour'".formatted(keyFile())));
    }

    @Test
    void aRevokedFirstKeyIsFollowedByAnother() {
        try (TestServer server = start(Map.of("lan", "true"))) {
            new KeyFile(TestServer.config(folder).data(), Clock.systemUTC())
                    .revoke(server.server().firstKey().orElseThrow().key().name());
        }
        try (TestServer server = start(Map.of("lan", "true"))) {
            assertThat(server.server().firstKey().isPresent(), is(true));
        }
    }

    private TestServer start(Map<String, String> settings) {
        return TestServer.start(folder, settings);
    }

    private Path keyFile() {
        return TestServer.config(folder).data().resolve("keys.json");
    }

    private String mode() throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFile()));
    }

    private static String greeting(TestServer server) {
        StringWriter text = new StringWriter();
        Greeting.print(server.server(), new PrintWriter(text));
        return text.toString();
    }
}
