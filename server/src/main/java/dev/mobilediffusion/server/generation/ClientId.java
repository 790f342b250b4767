package dev.mobilediffusion.server.generation;

import java.util.Optional;

/**
 * Who asks, for fairness between clients: the name of an API key, else a peer's address.
 *
 * @param value {@code key:NAME} or {@code addr:ADDRESS}; goes to logs, so never a key itself
 */
public record ClientId(String value) {

    private static final String KEY = "key:";

    public ClientId {
        if (value.isBlank()) {
            throw new IllegalArgumentException("client id must not be empty");
        }
    }

    public static ClientId ofKey(String name) {
        return new ClientId(KEY + name);
    }

    public static ClientId ofAddress(String address) {
        return new ClientId("addr:" + address);
    }

    /** The name of the API key; empty for a client that is known by its address alone. */
    public Optional<String> keyName() {
        return value.startsWith(KEY) ? Optional.of(value.substring(KEY.length())) : Optional.empty();
    }

    @Override
    public String toString() {
        return value;
    }
}
