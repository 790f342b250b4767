package dev.mobilediffusion.server.install;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hub on a real port that sends what it likes: each ends in a sentence, and leaves nothing in the models' folder. */
final class HostileHubTest {

    private static final String GOOD =
            "[{\"type\":\"file\",\"path\":\"model_index.json\",\"size\":2},{\"type\":\"file\",\"path\":\"unet/model.onnx\",\"size\":4}]";

    @TempDir
    private Path folder;

    private final AtomicLong listBytes = new AtomicLong();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private HttpServer server;
    private volatile Answer list = exchange -> send(exchange, 200, GOOD, Map.of());
    private volatile Answer file = exchange -> send(exchange, 404, "", Map.of());

    private interface Answer {
        void send(HttpExchange exchange) throws IOException;
    }

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/api/", exchange -> list.send(exchange));
        server.createContext("/someone/", exchange -> file.send(exchange));
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:///etc/passwd",
                "jar:http://127.0.0.1:1/a.jar!/list",
                "ftp://127.0.0.1/list",
                "mailto:someone",
                "//:80/list",
                "http://127.0.0.1:99999/list"
            })
    void theNextPageIsAWebAddress(String next) {
        list = exchange -> send(exchange, 200, GOOD, Map.of("Link", "<%s>; rel=\"next\"".formatted(next)));

        assertThat(refusal(), allOf(containsString(next), containsString("which is no")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://[bad", "http://a b/", "%zz", "http://a/\u00ff<>"})
    void theNextPageIsAnAddress(String next) {
        list = exchange -> send(exchange, 200, GOOD, Map.of("Link", "<%s>; rel=\"next\"".formatted(next)));

        assertThat(refusal(), containsString("hub"));
    }

    @Test
    void theNextPageIsOnTheSameHost() throws IOException {
        try (FakeHub other = new FakeHub(folder)) {
            String elsewhere = other.address() + "/api/models/x/tree/main";
            list = exchange -> send(exchange, 200, GOOD, Map.of("Link", "<%s>; rel=\"next\"".formatted(elsewhere)));

            assertThat(refusal(), containsString("which is another host"));
            assertThat(other.requests(), is(empty()));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"http://[bad", "file:///etc/passwd", "jar:file:/a.jar!/b", "http://127.0.0.1:99999/", "http:///x"
            })
    void aRedirectLeadsToAWebAddress(String location) {
        list = exchange -> send(exchange, 302, "", Map.of("Location", location));
        assertThat(refusal(), containsString(location));

        list = exchange -> send(exchange, 200, GOOD, Map.of());
        file = exchange -> send(exchange, 302, "", Map.of("Location", location));
        assertThat(refusal(), containsString(location));
    }

    @Test
    void aListWithoutAnEndIsNotReadToIt() {
        list = exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] piece = "{\"type\":\"directory\",\"path\":\"%s\"},"
                    .formatted("x".repeat(60_000))
                    .getBytes(StandardCharsets.UTF_8);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write('[');
                while (listBytes.get() < 400L << 20) {
                    out.write(piece);
                    listBytes.addAndGet(piece.length);
                }
            }
        };

        assertThat(refusal(), containsString("longer than 16 MB"));
        assertThat(listBytes.get(), is(lessThan(40L << 20)));
    }

    @Test
    void pagesWithoutAnEndAreNotReadToIt() {
        list = exchange -> send(exchange, 200, "[]", Map.of("Link", "</api/models/next>; rel=\"next\""));

        assertThat(refusal(), containsString("longer than 100 pages"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"error\":1}",
                "no json",
                "[{\"type\":\"file\",\"path\":\"unet/model.onnx\",\"size\":-1}]",
                "[{\"type\":\"file\",\"path\":\"unet/model.onnx\",\"size\":9223372036854775807}]",
                "[{\"type\":\"file\",\"path\":\"unet/model.onnx\"}]",
                "[{\"type\":\"file\",\"path\":\"\",\"size\":1}]",
                "[1,null,\"x\",[]]",
                ""
            })
    void aListThatIsNoneIsRefused(String body) {
        list = exchange -> send(exchange, 200, body, Map.of());

        assertThat(refusal(), containsString("someone/tiny"));
    }

    @Test
    void aFileThatIsAlsoAFolderIsRefused() {
        list = exchange ->
                send(exchange, 200, GOOD.replace("]", ",{\"type\":\"file\",\"path\":\"unet\",\"size\":0}]"), Map.of());
        file = exchange ->
                send(exchange, 200, exchange.getRequestURI().getPath().endsWith("json") ? "{}" : "onnx", Map.of());

        assertThat(refusal(), containsString("tiny"));
    }

    @Test
    void aFileThatIsLongerThanListedIsRefused() {
        file = exchange -> send(exchange, 200, "longer than it was said", Map.of());

        assertThat(refusal(), containsString("is larger than the 2 bytes"));
    }

    private String refusal() {
        HubClient hub = new HubClient(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort()),
                Duration.ofSeconds(5),
                Duration.ofMillis(1));
        ModelLibrary library = new ModelLibrary(folder.resolve("models"));
        InstallException refusal = assertThrows(
                InstallException.class,
                () -> new ModelInstaller(library, hub, model -> {})
                        .add("someone/tiny", Optional.empty(), (name, done, total) -> {}));
        assertThat(left(library.folder()), is(empty()));
        return refusal.getMessage();
    }

    private static List<String> left(Path models) {
        try (Stream<Path> all = Files.list(models)) {
            return all.map(Path::toString).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void send(HttpExchange exchange, int status, String body, Map<String, String> headers)
            throws IOException {
        headers.forEach(exchange.getResponseHeaders()::add);
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }
}
