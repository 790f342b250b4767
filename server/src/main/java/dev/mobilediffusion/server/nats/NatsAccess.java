package dev.mobilediffusion.server.nats;

import io.nats.client.AuthHandler;
import io.nats.client.NKey;
import io.nats.client.Nats;
import io.nats.client.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Optional;
import java.util.function.Consumer;

/** How a connection proves who it is and knows that the other end is its NATS. */
public final class NatsAccess {

    private NatsAccess() {}

    /**
     * Prepares a connection.
     *
     * @param credentials file with a join code, or with what NATS's own tools make ({@code .creds}); empty where NATS asks
     *     for nothing
     * @param distrust hears why the other end is not trusted; the connection's failure does not tell
     * @throws UnusableCredentials with a sentence where the file cannot be used
     */
    public static void apply(Options.Builder options, Optional<Path> credentials, Consumer<String> distrust)
            throws IOException {
        if (credentials.isEmpty()) {
            return;
        }
        Path file = credentials.get();
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new UnusableCredentials(
                    "the credentials file %s is not there, or cannot be read".formatted(file), null);
        }
        try {
            Optional<JoinCode> code = JoinCode.find(Files.readString(file));
            if (code.isPresent()) {
                options.sslContext(PinnedAuthority.context(code.get().authority(), distrust))
                        .authHandler(new KeyHandler(code.get().key()));
            } else {
                options.authHandler(Nats.credentials(file.toString()));
            }
        } catch (IllegalArgumentException damaged) {
            throw new UnusableCredentials(
                    "the credentials file %s is damaged: %s".formatted(file, damaged.getMessage()), damaged);
        }
    }

    /** A credentials file cannot be used; the message is a sentence. */
    public static final class UnusableCredentials extends IOException {

        private static final long serialVersionUID = 1L;

        UnusableCredentials(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Proves to have a key by signing what NATS sends. */
    private record KeyHandler(NKey key) implements AuthHandler {

        @Override
        public byte[] sign(byte[] nonce) {
            try {
                return key.sign(nonce);
            } catch (GeneralSecurityException | IOException e) {
                throw new IllegalStateException("the fleet's key cannot sign", e);
            }
        }

        @Override
        public char[] getID() {
            try {
                return key.getPublicKey();
            } catch (GeneralSecurityException | IOException e) {
                throw new IllegalStateException("the fleet's key has no public part", e);
            }
        }

        @Override
        public char[] getJWT() {
            return new char[0];
        }
    }
}
