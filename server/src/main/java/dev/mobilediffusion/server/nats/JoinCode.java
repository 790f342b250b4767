package dev.mobilediffusion.server.nats;

import dev.mobilediffusion.server.files.PrivateFiles;
import io.nats.client.NKey;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a board needs to join a fleet, as one word: where NATS is, the fleet's key, and by what authority NATS is known.
 * Whoever has the word is in the fleet.
 *
 * <pre>{@code
 * mdfleet1.dGxzOi8vMTkyLjE2OC4xLjEwOjQyMjIgU1VB…
 * }</pre>
 *
 * @param server {@code tls://HOST:PORT}, several of a cluster with commas
 * @param seed of the fleet's key, as NATS writes it: {@code SU…}
 * @param authority SHA-256 of the certificate of NATS's authority, 64 hex digits
 */
public record JoinCode(String server, String seed, String authority) {

    private static final String PREFIX = "mdfleet1.";
    private static final Pattern PARTS = Pattern.compile("(tls://\\S{1,1500}) (SU[A-Z2-7]{40,100}) ([0-9a-f]{64})");

    /** The code in a text that may have white space around it. Empty where the text is none of ours. */
    static Optional<JoinCode> find(String text) {
        return text.strip().startsWith(PREFIX) ? Optional.of(parse(text)) : Optional.empty();
    }

    /** @throws IllegalArgumentException with a sentence where {@code text} is no join code */
    public static JoinCode parse(String text) {
        String code = text.strip();
        if (code.startsWith(PREFIX)) {
            try {
                Matcher parts = PARTS.matcher(new String(
                        Base64.getUrlDecoder().decode(code.substring(PREFIX.length())), StandardCharsets.UTF_8));
                if (parts.matches() && isServers(parts.group(1))) {
                    NKey.fromSeed(parts.group(2).toCharArray()).clear();
                    return new JoinCode(parts.group(1), parts.group(2), parts.group(3));
                }
            } catch (IllegalArgumentException damaged) {
                throw noCode(damaged);
            }
        }
        throw noCode(null);
    }

    private static boolean isServers(String text) {
        return Arrays.stream(text.split(",", -1))
                .allMatch(server -> URI.create(server).getHost() != null);
    }

    /** The one word. */
    public String text() {
        String parts = "%s %s %s".formatted(server, seed, authority);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(parts.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes the code into a file that only its owner can read. */
    public void write(Path file) throws IOException {
        PrivateFiles.write(file, text() + "\n");
    }

    /** Reads what {@link #write} wrote. */
    public static JoinCode read(Path file) throws IOException {
        return parse(Files.readString(file));
    }

    NKey key() {
        return NKey.fromSeed(seed.toCharArray());
    }

    private static IllegalArgumentException noCode(Exception cause) {
        return new IllegalArgumentException(
                String.format(Locale.ROOT, "that is no join code, or not all of it: it begins with %s", PREFIX), cause);
    }
}
