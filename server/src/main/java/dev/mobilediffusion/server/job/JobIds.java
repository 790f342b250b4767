package dev.mobilediffusion.server.job;

import java.security.SecureRandom;
import java.util.regex.Pattern;

/** Ids that nobody can guess and every file system, URL and log can carry: {@code job_} and 24 letters or digits. */
public final class JobIds {

    private static final char[] DIGITS = "0123456789abcdefghjkmnpqrstvwxyz".toCharArray();
    private static final int LENGTH = 24;
    private static final Pattern VALID = Pattern.compile("job_[0-9a-z]{" + LENGTH + "}");
    private static final SecureRandom RANDOM = new SecureRandom();

    private JobIds() {}

    public static String next() {
        StringBuilder id = new StringBuilder("job_");
        for (int i = 0; i < LENGTH; i++) {
            id.append(DIGITS[RANDOM.nextInt(DIGITS.length)]);
        }
        return id.toString();
    }

    public static boolean isValid(String id) {
        return VALID.matcher(id).matches();
    }
}
