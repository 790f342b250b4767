package dev.mobilediffusion.server.install;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * A hub with Hugging Face's addresses on a port of this machine: a list of files in pages, small files at once, large
 * ones by a redirect to {@code /cdn}, ranges honoured. It can be told to break off, to lie, or to fail.
 */
final class FakeHub implements AutoCloseable {

    static final String ID = "someone/tiny";

    /** What counts as large. */
    private static final int LARGE_BYTES = 10_000;

    private static final int PAGE = 5;

    private final ObjectMapper json = new ObjectMapper();
    private final Path folder;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile int breakAfterBytes = Integer.MAX_VALUE;
    private volatile boolean altered;
    private volatile int status = 200;

    FakeHub(Path folder) throws IOException {
        this.folder = folder;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/api/models/" + ID + "/tree/main", this::tree);
        server.createContext("/" + ID + "/resolve/main/", exchange -> resolve(exchange, "/" + ID + "/resolve/main/"));
        server.createContext("/cdn/", exchange -> send(exchange, path(exchange, "/cdn/")));
        server.start();
    }

    String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    HubClient client() {
        return new HubClient(URI.create(address()), Duration.ofSeconds(1), Duration.ofMillis(1));
    }

    /** Ends every answer after so many bytes of a file. */
    void breakAfter(int bytes) {
        breakAfterBytes = bytes;
    }

    /** Sends other bytes than it lists. */
    void alter() {
        altered = true;
    }

    void answer(int code) {
        status = code;
    }

    /** Path and range of every request for a file, as {@code "unet/model.onnx bytes=100-"}. */
    List<String> requests() {
        return requests;
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void tree(HttpExchange exchange) throws IOException {
        if (status != 200) {
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
            return;
        }
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.filter(Files::isRegularFile).sorted().toList();
        }
        String query = exchange.getRequestURI().getQuery();
        int from = query.contains("cursor=") ? Integer.parseInt(query.replaceAll(".*cursor=", "")) : 0;
        ArrayNode page = json.createArrayNode();
        page.addObject().put("type", "directory").put("path", "unet").put("size", 0);
        for (Path file : files.subList(from, Math.min(files.size(), from + PAGE))) {
            describe(page.addObject(), file);
        }
        if (from + PAGE < files.size()) {
            String next = "/api/models/" + ID + "/tree/main?recursive=1&cursor=" + (from + PAGE);
            exchange.getResponseHeaders().add("Link", "<" + next + ">; rel=\"next\"");
        }
        byte[] body = json.writeValueAsBytes(page);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private void describe(ObjectNode entry, Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        entry.put("type", "file")
                .put("path", folder.relativize(file).toString())
                .put("size", bytes.length)
                .put("oid", hash("SHA-1", ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII), bytes));
        if (bytes.length >= LARGE_BYTES) {
            entry.putObject("lfs")
                    .put("oid", hash("SHA-256", new byte[0], bytes))
                    .put("size", bytes.length);
        }
    }

    private void resolve(HttpExchange exchange, String prefix) throws IOException {
        Path file = path(exchange, prefix);
        String range = exchange.getRequestHeaders().getFirst("Range");
        requests.add(folder.relativize(file) + (range == null ? "" : " " + range));
        if (Files.size(file) < LARGE_BYTES) {
            send(exchange, file);
            return;
        }
        exchange.getResponseHeaders().add("Location", "/cdn/" + folder.relativize(file));
        exchange.sendResponseHeaders(302, -1);
        exchange.close();
    }

    private Path path(HttpExchange exchange, String prefix) {
        return folder.resolve(exchange.getRequestURI().getPath().substring(prefix.length()));
    }

    private void send(HttpExchange exchange, Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        if (altered) {
            bytes[bytes.length / 2] ^= 1;
        }
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
        if (from > 0) {
            exchange.getResponseHeaders()
                    .add("Content-Range", "bytes %d-%d/%d".formatted(from, bytes.length - 1, bytes.length));
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length - from);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes, from, Math.min(bytes.length - from, breakAfterBytes));
        } catch (IOException tooFewBytes) {
            exchange.close(); // as intended: the connection ends in the middle
        }
    }

    private static String hash(String algorithm, byte[] header, byte[] bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(header);
            return HexFormat.of().formatHex(digest.digest(bytes));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
