package dev.mobilediffusion.server.edge;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.oneOf;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.TestServer;
import dev.mobilediffusion.server.security.IssuedKey;
import dev.mobilediffusion.server.security.KeyFile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However a path is spelled: what counts is the route that Helidon finds for it. Sent as it is, which clients would not do. */
final class PathSpellingTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"/v1/jobs", "/v1/%6Aobs", "/v1/jobs/", "//v1/jobs", "/v1/./jobs", "/v1/jobs;a=b"})
    void everySpellingOfJobsCountsAgainstTheKeysLimit(String path) throws Exception {
        assertLimited(path, "jobs", "\"code\":\"rate_limit_exceeded\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/sdapi/v1/txt2img", "/sdapi/v1/txt2%69mg", "/%73dapi/v1/txt2img", "/sdapi//v1/./txt2img"})
    void everySpellingOfTextToImageCountsAndAnswersInItsOwnForm(String path) throws Exception {
        assertLimited(path, "a1111", "\"detail\":\"the API key");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/images/generations", "/v1/images/%67enerations", "/v1//images/generations;x"})
    void everySpellingOfGenerationsCountsAgainstTheKeysLimit(String path) throws Exception {
        assertLimited(path, "openai", "\"code\":\"rate_limit_exceeded\"");
    }

    @Test
    void aStrangerIsRefusedInTheFormOfTheApiWhoseRouteItIs() throws Exception {
        try (TestServer server = start()) {
            HttpResponse<String> reply = post(server, "/%73dapi/v1/txt2img", "nobody");

            assertThat(reply.statusCode(), is(401));
            assertThat(reply.headers().firstValue("WWW-Authenticate").orElse(""), startsWith("Basic realm="));
            assertThat(reply.body(), containsString("\"detail\":"));
        }
    }

    private void assertLimited(String path, String api, String body) throws Exception {
        IssuedKey key =
                new KeyFile(config().data(), Clock.systemUTC()).add("guest", Optional.empty(), OptionalInt.of(2));
        try (TestServer server = start()) {
            int first = post(server, path, key.secret()).statusCode();
            post(server, path, key.secret());
            HttpResponse<String> third = post(server, path, key.secret());

            assertThat(first, is(oneOf(200, 202)));
            assertThat(third.statusCode(), is(429));
            assertThat(third.body(), containsString(body));
            String metrics = server.metrics();
            assertThat(metrics, containsString("api=\"" + api + "\",outcome=\"rate_limit_exceeded\""));
            assertThat(metrics, not(containsString("api=\"other\"")));
            assertThat(server.pipeline.finished().size() <= 2, is(true));
        }
    }

    private TestServer start() {
        new KeyFile(config().data(), Clock.systemUTC()).add("owner", Optional.empty(), OptionalInt.empty());
        return TestServer.start(config(), FakePipeline.quick());
    }

    private ServerConfig config() {
        return TestServer.config(folder, Map.of("require-keys", "true"));
    }

    private static HttpResponse<String> post(TestServer server, String path, String key)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a house\"}"))
                .build();
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }
}
