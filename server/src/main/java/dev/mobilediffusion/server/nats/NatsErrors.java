package dev.mobilediffusion.server.nats;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;

/** Says in the server's words what NATS says in its own. */
public final class NatsErrors {

    /** Codes of nats-server's server/errors.json. */
    public static final int WRONG_LAST_SEQUENCE = 10071;

    private static final int MESSAGE_TOO_LARGE = 10054;
    private static final int STORE_FULL = 10077;
    private static final int INSUFFICIENT_RESOURCES = 10023;
    private static final int STORAGE_EXCEEDED = 10047;
    private static final Duration SOON = Duration.ofSeconds(5);

    private NatsErrors() {}

    /** What a call of NATS does. */
    @FunctionalInterface
    public interface Call<T> {
        T run() throws IOException, JetStreamApiException, InterruptedException, NoSuchAlgorithmException;
    }

    /** @throws ApiException in the server's words where the call fails */
    public static <T> T call(Call<T> call) {
        try {
            return call.run();
        } catch (JetStreamApiException e) {
            throw of(e);
        } catch (IOException | IllegalStateException e) {
            throw ApiException.retry(ErrorCode.NOT_READY, "the fleet's NATS does not answer", SOON);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.of(ErrorCode.NOT_READY, "the server is stopping", e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** For what does not fit into one message of NATS. */
    public static ApiException tooLarge(String what, long most) {
        return ApiException.of(
                ErrorCode.STORAGE_FULL,
                "%s is larger than the fleet's NATS takes in one message, %s bytes; its owner may raise max_payload"
                        .formatted(what, most));
    }

    private static ApiException of(JetStreamApiException failure) {
        if (failure.getApiErrorCode() == MESSAGE_TOO_LARGE) {
            return ApiException.of(
                    ErrorCode.STORAGE_FULL,
                    "a job or picture is larger than the fleet's NATS takes in one message; its owner may raise"
                            + " max_msg_size",
                    failure);
        }
        String text = String.valueOf(failure.getErrorDescription());
        boolean full =
                switch (failure.getApiErrorCode()) {
                    case STORE_FULL, INSUFFICIENT_RESOURCES, STORAGE_EXCEEDED -> true;
                    default -> text.contains("maximum bytes exceeded") || text.contains("no space left");
                };
        return full
                ? ApiException.of(
                        ErrorCode.STORAGE_FULL, "the fleet's NATS has no room left for jobs or pictures", failure)
                : ApiException.of(
                        ErrorCode.STORAGE_UNAVAILABLE, "the fleet's NATS refused to keep a job: " + text, failure);
    }
}
