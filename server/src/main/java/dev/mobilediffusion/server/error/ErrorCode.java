package dev.mobilediffusion.server.error;

import dev.mobilediffusion.runtime.InferenceException;
import java.util.Locale;

/**
 * The one table of errors. {@link #label} is the spelling in JSON ({@code error.code}), logs and metrics.
 *
 * <p>gRPC's names are kept as text, so that this table needs no gRPC library; a test of the gRPC API checks them.
 */
public enum ErrorCode {
    INVALID_REQUEST(400, "INVALID_ARGUMENT", "invalid_request_error"),
    INVALID_API_KEY(401, "UNAUTHENTICATED", "invalid_request_error"),
    FORBIDDEN(403, "PERMISSION_DENIED", "invalid_request_error"),
    NOT_FOUND(404, "NOT_FOUND", "invalid_request_error"),
    MODEL_NOT_FOUND(404, "NOT_FOUND", "invalid_request_error"),
    METHOD_NOT_ALLOWED(405, "UNIMPLEMENTED", "invalid_request_error"),
    REQUEST_TIMEOUT(408, "DEADLINE_EXCEEDED", "invalid_request_error"),
    GONE(410, "DATA_LOSS", "invalid_request_error"),
    PAYLOAD_TOO_LARGE(413, "INVALID_ARGUMENT", "invalid_request_error"),
    UNSUPPORTED_MEDIA_TYPE(415, "INVALID_ARGUMENT", "invalid_request_error"),
    RANGE_NOT_SATISFIABLE(416, "OUT_OF_RANGE", "invalid_request_error"),
    MODEL_TOO_LARGE(409, "FAILED_PRECONDITION", "invalid_request_error"),
    IDEMPOTENCY_KEY_REUSED(422, "ALREADY_EXISTS", "invalid_request_error"),
    RATE_LIMIT_EXCEEDED(429, "RESOURCE_EXHAUSTED", "rate_limit_exceeded"),
    CANCELLED(499, "CANCELLED", "cancelled"),
    INTERNAL(500, "INTERNAL", "server_error"),
    INFERENCE_FAILED(500, "INTERNAL", "server_error"),
    NOT_IMPLEMENTED(501, "UNIMPLEMENTED", "invalid_request_error"),
    NOT_READY(503, "UNAVAILABLE", "server_error"),
    STORAGE_UNAVAILABLE(503, "UNAVAILABLE", "server_error"),
    DEVICE_TOO_HOT(503, "UNAVAILABLE", "server_error"),
    BATTERY_LOW(503, "UNAVAILABLE", "server_error"),
    DEADLINE_EXCEEDED(504, "DEADLINE_EXCEEDED", "server_error"),
    STORAGE_FULL(507, "RESOURCE_EXHAUSTED", "server_error");

    private final int httpStatus;
    private final String grpcStatus;
    private final String type;

    ErrorCode(int httpStatus, String grpcStatus, String type) {
        this.httpStatus = httpStatus;
        this.grpcStatus = grpcStatus;
        this.type = type;
    }

    public int httpStatus() {
        return httpStatus;
    }

    /** The name of an {@code io.grpc.Status.Code}. */
    public String grpcStatus() {
        return grpcStatus;
    }

    /** OpenAI's {@code error.type}. */
    public String type() {
        return type;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The code that {@link #label} spells, or {@link #INTERNAL} for a spelling of another version. */
    public static ErrorCode ofLabel(String label) {
        for (ErrorCode code : values()) {
            if (code.label().equals(label)) {
                return code;
            }
        }
        return INTERNAL;
    }

    public static ErrorCode of(InferenceException.Code code) {
        return switch (code) {
            case INVALID_REQUEST -> INVALID_REQUEST;
            case CANCELLED -> CANCELLED;
            case INVALID_BUNDLE -> NOT_READY;
            case INFERENCE_FAILED -> INFERENCE_FAILED;
        };
    }
}
