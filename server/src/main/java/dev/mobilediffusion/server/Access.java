package dev.mobilediffusion.server;

import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.edge.GateHandler;
import dev.mobilediffusion.server.security.Gate;
import dev.mobilediffusion.server.security.HostNames;
import dev.mobilediffusion.server.security.IssuedKey;
import dev.mobilediffusion.server.security.KeyFile;
import dev.mobilediffusion.server.security.Origins;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Decides from the configuration who needs a key.
 *
 * @param gate that REST and gRPC share
 * @param keyless the file of keys that has no usable one, and is to get its first
 */
record Access(Gate gate, Optional<KeyFile> keyless) {

    private static final String FIRST_KEY = "first";

    /**
     * @throws IllegalStateException when others could reach the server without a key and nobody said so, or the address
     *     does not exist
     * @throws dev.mobilediffusion.server.security.KeyFileException when the keys cannot be read or written
     */
    static Access of(ServerConfig config) {
        AccessConfig access = config.access();
        boolean locked = access.requireKeys() || !(access.insecure() || isLoopback(config.host()));
        if (!locked) {
            return new Access(Gate.open(), Optional.empty());
        }
        KeyFile keys = new KeyFile(config.data(), Clock.systemUTC());
        if (keys.hasUsableKey()) {
            return new Access(Gate.withKeys(keys), Optional.empty());
        }
        if (!access.lan()) {
            throw new IllegalStateException(
                    "cannot listen at %s without an API key: make one with 'mobilediffusion keys add NAME', or use --lan, which makes one, or --insecure to let everybody in"
                            .formatted(config.host()));
        }
        return new Access(Gate.withKeys(keys), Optional.of(keys));
    }

    /**
     * Makes the first key where there is none; to be shown, this once, and so not before the server is up.
     *
     * @throws dev.mobilediffusion.server.security.KeyFileException when it cannot be kept
     */
    Optional<IssuedKey> makeFirstKey() {
        return keyless.map(keys -> keys.add(FIRST_KEY, Optional.empty(), OptionalInt.empty()));
    }

    /** What stands before all routes. */
    GateHandler handler(AccessConfig config) {
        Set<String> names = new HashSet<>(config.allowedHosts());
        config.address().hostName().ifPresent(names::add);
        names.addAll(LocalNetwork.ownNames());
        return new GateHandler(gate, new HostNames(names), new Origins(config.allowedOrigins()), config.address());
    }

    static boolean isLoopback(String host) {
        try {
            return Arrays.stream(InetAddress.getAllByName(host)).allMatch(InetAddress::isLoopbackAddress);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("cannot listen at %s: there is no such address".formatted(host), e);
        }
    }
}
