package dev.mobilediffusion.server.generation;

/**
 * Who asks, for fairness between clients: the name of an API key, else a peer's address.
 *
 * @param value {@code key:NAME} or {@code addr:ADDRESS}; goes to logs, so never a key itself
 */
public record ClientId(String value) {

    public ClientId {
        if (value.isBlank()) {
            throw new IllegalArgumentException("client id must not be empty");
        }
    }

    public static ClientId ofKey(String name) {
        return new ClientId("key:" + name);
    }

    public static ClientId ofAddress(String address) {
        return new ClientId("addr:" + address);
    }

    @Override
    public String toString() {
        return value;
    }
}
