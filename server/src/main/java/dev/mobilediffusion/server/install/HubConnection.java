package dev.mobilediffusion.server.install;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/** GET with a bound on every wait, redirects followed by hand: to web addresses alone, and from https to http never. */
final class HubConnection {

    private static final int MAX_REDIRECTS = 5;
    private static final int SERVER_ERROR = 500;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int TEMPORARY_REDIRECT = 307;
    private static final int PERMANENT_REDIRECT = 308;
    private static final int MAX_PORT = 65_535;
    private static final int MAX_SHOWN = 200;

    private final int timeoutMillis;

    HubConnection(Duration timeout) {
        timeoutMillis = (int) timeout.toMillis();
    }

    /** An answer whose body is still to be read. */
    static final class Reply implements AutoCloseable {

        private final HttpURLConnection connection;
        private final int status;

        private Reply(HttpURLConnection connection, int status) {
            this.connection = connection;
            this.status = status;
        }

        int status() {
            return status;
        }

        Optional<String> header(String name) {
            return Optional.ofNullable(connection.getHeaderField(name));
        }

        InputStream body() throws IOException {
            return connection.getInputStream();
        }

        @Override
        public void close() {
            connection.disconnect();
        }
    }

    /**
     * @param from first byte wanted; 0 for all
     * @throws IOException when the hub cannot be reached, is silent, or fails for now
     */
    Reply get(URI address, long from) throws IOException {
        URI current = address;
        for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            HttpURLConnection connection = open(current);
            connection.setInstanceFollowRedirects(false);
            connection.setConnectTimeout(timeoutMillis);
            connection.setReadTimeout(timeoutMillis);
            connection.setRequestProperty("User-Agent", "mobilediffusion");
            // Compressed bytes could not be counted against the listed size
            connection.setRequestProperty("Accept-Encoding", "identity");
            if (from > 0) {
                connection.setRequestProperty("Range", "bytes=" + from + "-");
            }
            int status = connection.getResponseCode();
            if (!isRedirect(status)) {
                if (status >= SERVER_ERROR || status == TOO_MANY_REQUESTS) {
                    connection.disconnect();
                    throw new IOException("HTTP " + status);
                }
                return new Reply(connection, status);
            }
            current = target(current, connection);
        }
        throw new InstallException("the hub sends in circles for %s".formatted(address));
    }

    private static boolean isRedirect(int status) {
        return switch (status) {
            case HttpURLConnection.HTTP_MOVED_PERM,
                    HttpURLConnection.HTTP_MOVED_TEMP,
                    HttpURLConnection.HTTP_SEE_OTHER,
                    TEMPORARY_REDIRECT,
                    PERMANENT_REDIRECT -> true;
            default -> false;
        };
    }

    private static HttpURLConnection open(URI address) throws IOException {
        try {
            return (HttpURLConnection) address.toURL().openConnection();
        } catch (IllegalArgumentException odd) {
            throw new InstallException("%s is no address that can be asked".formatted(address), odd);
        }
    }

    private static URI target(URI from, HttpURLConnection connection) throws IOException {
        String location = connection.getHeaderField("Location");
        connection.disconnect();
        if (location == null) {
            throw new IOException("a redirect without a Location");
        }
        URI to = follow(from, location);
        if ("https".equals(from.getScheme()) && !"https".equals(to.getScheme())) {
            throw new InstallException("the hub sends from %s to %s, which is not safe".formatted(from, to));
        }
        return to;
    }

    /**
     * The web address that a header of the answer from {@code from} names.
     *
     * @throws InstallException when it names a file, an archive, a nonsense or nothing
     */
    static URI follow(URI from, String reference) {
        try {
            URI to = from.resolve(reference);
            boolean web = "https".equals(to.getScheme()) || "http".equals(to.getScheme());
            if (web && to.getHost() != null && to.getPort() <= MAX_PORT) {
                return to;
            }
            throw new InstallException(
                    "the hub sends from %s to '%s', which is not safe".formatted(from, shown(reference)));
        } catch (IllegalArgumentException malformed) {
            throw new InstallException(
                    "the hub sends from %s to '%s', which is no address".formatted(from, shown(reference)), malformed);
        }
    }

    private static String shown(String reference) {
        return reference.length() <= MAX_SHOWN ? reference : reference.substring(0, MAX_SHOWN) + "…";
    }
}
