package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole server in a process of its own, with a real bundle of random weights, told to stop. */
final class StopTest {

    @TempDir
    private Path folder;

    @Test
    void sigtermEndsTheProcessWithZeroAndWhatWasAcceptedIsThereAfterwards() throws Exception {
        Process first = start();
        String location;
        try (BufferedReader output = first.inputReader();
                HttpClient client = HttpClient.newHttpClient()) {
            String url = url(output.readLine());
            HttpRequest submit = HttpRequest.newBuilder(URI.create(url + "/v1/jobs"))
                    .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a red house\",\"seed\":7,\"n\":10}"))
                    .build();
            HttpResponse<String> accepted = client.send(submit, HttpResponse.BodyHandlers.ofString());
            assertThat(accepted.body(), accepted.statusCode(), is(202));
            location = accepted.headers().firstValue("Location").orElseThrow();
            first.destroy(); // SIGTERM

            assertThat(first.waitFor(60, TimeUnit.SECONDS), is(true));
            assertThat(first.exitValue(), is(0));
        }
        Process second = start();
        try (BufferedReader output = second.inputReader();
                HttpClient client = HttpClient.newHttpClient()) {
            String url = url(output.readLine());
            HttpRequest events = HttpRequest.newBuilder(URI.create(url + location + "/events"))
                    .build();
            String log =
                    client.send(events, HttpResponse.BodyHandlers.ofString()).body();
            assertThat(log, containsString("event: succeeded"));
            HttpRequest last = HttpRequest.newBuilder(URI.create(url + location + "/images/9"))
                    .build();
            byte[] image =
                    client.send(last, HttpResponse.BodyHandlers.ofByteArray()).body();
            assertThat(new String(image, 1, 3, StandardCharsets.US_ASCII), is("PNG"));
        } finally {
            second.destroyForcibly().waitFor();
        }
    }

    @Test
    void aSecondServerOnTheSameDataSaysWhyItDoesNotStart() throws Exception {
        Process first = start();
        try (BufferedReader output = first.inputReader()) {
            url(output.readLine());
            Process second = start();
            try (BufferedReader refusal = second.inputReader()) {
                assertThat(refusal.readLine(), containsString("is in use by another server (process " + first.pid()));
                assertThat(second.waitFor(60, TimeUnit.SECONDS), is(true));
                assertThat(second.exitValue(), is(not(0)));
            }
        } finally {
            first.destroyForcibly().waitFor();
        }
    }

    private Process start() throws IOException {
        Path models = folder.resolve("models");
        if (!Files.exists(models)) {
            copy(tinyBundle(), models.resolve("tiny"));
        }
        return JavaProcess.start(ServingProcess.class, folder.resolve("data").toString(), models.toString());
    }

    private static String url(String line) {
        assertThat(line, startsWith("listening at http://127.0.0.1:"));
        return line.substring(line.indexOf("http"), line.indexOf(","));
    }

    /** The runtime's own test bundle, from the runtime's sources beside this module. */
    private static Path tinyBundle() {
        return Path.of("..", "runtime", "src", "test", "resources", "bundles", "tiny-flow");
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path copy = to.resolve(from.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
