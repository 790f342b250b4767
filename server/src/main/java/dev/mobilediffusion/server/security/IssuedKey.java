package dev.mobilediffusion.server.security;

/**
 * A key that was just made: the only time that its text is known here.
 *
 * @param key what is kept of it
 * @param secret what its owner sends; to be shown once
 */
public record IssuedKey(ApiKey key, String secret) {

    /** Without the secret, so that no log has it by mistake. */
    @Override
    public String toString() {
        return "IssuedKey[" + key.name() + "]";
    }
}
