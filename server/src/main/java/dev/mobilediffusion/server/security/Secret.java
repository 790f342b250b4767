package dev.mobilediffusion.server.security;

import dev.mobilediffusion.runtime.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;

/** The text of a key: {@code md_} and 256 random bits. One that nobody can guess needs no slow hash: see the ADR. */
final class Secret {

    private static final String PREFIX = "md_";
    private static final int BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    private Secret() {}

    static String random() {
        byte[] bytes = new byte[BYTES];
        RANDOM.nextBytes(bytes);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** The hash that is kept: SHA-256 of the text, 64 hexadecimal digits. */
    static String sha256(String secret) {
        return Sha256.of(secret);
    }

    /** Takes the same time wherever two hashes differ. */
    static boolean isSame(String sha256, String other) {
        return MessageDigest.isEqual(
                sha256.getBytes(StandardCharsets.US_ASCII), other.getBytes(StandardCharsets.US_ASCII));
    }
}
