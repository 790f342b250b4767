package dev.mobilediffusion.server.install;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads models from a hub with Hugging Face's addresses. A download that breaks off goes on where it was, now or at the
 * next try; a file counts only when its hash is the one that the hub lists.
 */
public final class HubClient {

    private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
    private static final int TRIES = 4;

    private final URI endpoint;
    private final HubConnection connection;
    private final Duration firstPause;

    HubClient(URI endpoint, Duration timeout, Duration firstPause) {
        this.endpoint = endpoint;
        this.connection = new HubConnection(timeout);
        this.firstPause = firstPause;
    }

    /**
     * The hub that {@code HF_ENDPOINT} names, else Hugging Face.
     *
     * @throws InstallException when the variable holds no address
     */
    public static HubClient ofEnvironment(Map<String, String> environment) {
        String address = environment.getOrDefault("HF_ENDPOINT", "").strip();
        String used = address.isEmpty() ? DEFAULT_ENDPOINT : address.replaceFirst("/+$", "");
        if (!used.matches("https?://[^/\\s]+(/\\S*)?")) {
            throw new InstallException("HF_ENDPOINT must be an http or https address, got '%s'".formatted(used));
        }
        return new HubClient(URI.create(used), Duration.ofSeconds(30), Duration.ofSeconds(1));
    }

    /** All files of a model at a revision. */
    List<HubFile> files(String id, String revision) {
        HubListing listing = new HubListing(id);
        URI first = address("/api/models/" + id + "/tree/" + revision + "?recursive=1");
        Optional<URI> page = Optional.of(first);
        while (page.isPresent()) {
            URI asked = page.get();
            page = retried("the list of files of " + id, () -> {
                try (HubConnection.Reply reply = connection.get(asked, 0)) {
                    requireOk(reply, id, revision, "list of files");
                    listing.add(reply.body());
                    return listing.next(asked, reply.header("Link").orElse(""));
                }
            });
        }
        return listing.files();
    }

    /** Brings one file into its place, going on with what an earlier try left of it. */
    void download(String id, String revision, HubFile file, StagedFiles files) throws IOException {
        Path target = files.resolve(file.path());
        Path part = target.resolveSibling(target.getFileName() + ".part");
        Files.createDirectories(target.getParent());
        if (Files.exists(target) && file.matches(target)) {
            files.advance(file.path(), file.size());
            return;
        }
        long there = Files.exists(part) ? Math.min(Files.size(part), file.size()) : 0;
        files.advance(file.path(), there);
        URI address = address("/" + id + "/resolve/" + revision + "/" + encoded(file.path()));
        retried(file.path(), () -> {
            fetch(id, revision, address, file, part, files);
            return part;
        });
        if (!file.matches(part)) {
            Files.delete(part);
            throw InstallException.brokenOff(
                    "%s of %s does not have the hash that the hub lists; run the same command again, and do not trust the hub if that happens again"
                            .formatted(file.path(), id),
                    null);
        }
        Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    }

    private void fetch(String id, String revision, URI address, HubFile file, Path part, StagedFiles files)
            throws IOException {
        long from = Files.exists(part) ? Files.size(part) : 0;
        if (from > file.size()) {
            Files.delete(part);
            from = 0;
        }
        if (from == file.size() && Files.exists(part)) {
            return;
        }
        try (HubConnection.Reply reply = connection.get(address, from)) {
            requireOk(reply, id, revision, file.path());
            boolean goesOn = reply.status() == HttpURLConnection.HTTP_PARTIAL
                    && reply.header("Content-Range").orElse("").startsWith("bytes " + from + "-");
            if (reply.status() == HttpURLConnection.HTTP_PARTIAL && !goesOn) {
                throw new IOException("the hub sent another part than was asked for");
            }
            if (!goesOn && from > 0) {
                files.advance(file.path(), -from);
            }
            try (OutputStream out = goesOn
                    ? Files.newOutputStream(part, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                    : Files.newOutputStream(part)) {
                copy(reply.body(), out, file, goesOn ? from : 0, files);
            }
        }
    }

    private static void copy(InputStream in, OutputStream out, HubFile file, long from, StagedFiles files)
            throws IOException {
        byte[] chunk = new byte[1 << 17];
        long size = from;
        for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
            size += read;
            if (size > file.size()) {
                throw new InstallException("%s is larger than the %s bytes that the hub lists; do not trust it"
                        .formatted(file.path(), file.size()));
            }
            out.write(chunk, 0, read);
            files.advance(file.path(), read);
        }
        if (size < file.size()) {
            throw new IOException("the hub ended after %s of %s bytes".formatted(size, file.size()));
        }
    }

    private <T> T retried(String what, Attempt<T> attempt) {
        IOException last = null;
        for (int turn = 0; turn < TRIES; turn++) {
            try {
                if (turn > 0) {
                    Thread.sleep(firstPause.multipliedBy(1L << (turn - 1)));
                }
                return attempt.run();
            } catch (IOException broken) {
                last = broken;
            } catch (InterruptedException told) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        throw InstallException.brokenOff(
                "%s did not come from %s (%s); run the same command again to go on where it ended"
                        .formatted(what, endpoint, last == null ? "interrupted" : last.getMessage()),
                last);
    }

    private interface Attempt<T> {
        T run() throws IOException;
    }

    private static void requireOk(HubConnection.Reply reply, String id, String revision, String what) {
        switch (reply.status()) {
            case HttpURLConnection.HTTP_OK, HttpURLConnection.HTTP_PARTIAL -> {}
            case HttpURLConnection.HTTP_NOT_FOUND ->
                throw new InstallException("the hub has no %s of %s at %s".formatted(what, id, revision));
            case HttpURLConnection.HTTP_UNAUTHORIZED, HttpURLConnection.HTTP_FORBIDDEN ->
                throw new InstallException(
                        "the hub gives %s only to those it knows, or not at all; download it yourself and add the folder"
                                .formatted(id));
            default ->
                throw new InstallException(
                        "the hub answered %s for the %s of %s; try again later".formatted(reply.status(), what, id));
        }
    }

    private URI address(String path) {
        return URI.create(endpoint + path);
    }

    /** A path for an address, slashes kept. */
    private static String encoded(String path) {
        try {
            return new URI(null, null, "/" + path, null).getRawPath().substring(1);
        } catch (URISyntaxException odd) {
            throw new InstallException("the file name '%s' cannot be asked for".formatted(path), odd);
        }
    }
}
