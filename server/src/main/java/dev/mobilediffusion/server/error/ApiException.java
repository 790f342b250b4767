package dev.mobilediffusion.server.error;

import dev.mobilediffusion.runtime.InferenceException;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/** A refusal that a client may read: a code, the field it is about, and a sentence without secrets. */
public final class ApiException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String param;
    private final Duration retryAfter;

    private ApiException(ErrorCode code, String param, String message, Duration retryAfter, Throwable cause) {
        super(message, cause);
        this.code = Objects.requireNonNull(code, "code");
        this.param = Objects.requireNonNull(param, "param");
        this.retryAfter = retryAfter;
    }

    public static ApiException of(ErrorCode code, String message) {
        return new ApiException(code, "", message, null, null);
    }

    public static ApiException of(ErrorCode code, String message, Throwable cause) {
        return new ApiException(code, "", message, null, cause);
    }

    /** A refusal about the request's field {@code param}. */
    public static ApiException of(ErrorCode code, String param, String message) {
        return new ApiException(code, param, message, null, null);
    }

    /** A refusal that tells when to come back. */
    public static ApiException retry(ErrorCode code, String message, Duration retryAfter) {
        return new ApiException(code, "", message, retryAfter, null);
    }

    /** A value of the request is wrong: {@code invalid("n", "n must be in [1, 10], got %d", n)}. */
    public static ApiException invalid(String param, String format, Object... args) {
        return new ApiException(ErrorCode.INVALID_REQUEST, param, String.format(Locale.ROOT, format, args), null, null);
    }

    /** The same failure in the server's words; the runtime's sentence stays where it is about the request. */
    public static ApiException of(InferenceException failure) {
        ErrorCode code = ErrorCode.of(failure.code());
        String message =
                code == ErrorCode.INFERENCE_FAILED ? "the model failed to draw this picture" : failure.getMessage();
        return new ApiException(code, failure.param(), message, null, failure);
    }

    public ErrorCode code() {
        return code;
    }

    /** The request's field that is wrong; empty when it is about no field. */
    public String param() {
        return param;
    }

    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}
