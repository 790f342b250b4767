package dev.mobilediffusion.server.security;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;

/** The key in an {@code Authorization} header: {@code Bearer KEY}, or the password of {@code Basic}, whoever the user. */
final class Credentials {

    private Credentials() {}

    /** Empty where the header is of neither form. */
    static Optional<String> key(String authorization) {
        String[] words = authorization.strip().split("\\s+", 2);
        if (words.length < 2) {
            return Optional.empty();
        }
        return switch (words[0].toLowerCase(Locale.ROOT)) {
            case "bearer" -> Optional.of(words[1].strip());
            case "basic" -> password(words[1].strip());
            default -> Optional.empty();
        };
    }

    private static Optional<String> password(String encoded) {
        try {
            String text = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
            int colon = text.indexOf(':');
            return colon < 0 ? Optional.empty() : Optional.of(text.substring(colon + 1));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
