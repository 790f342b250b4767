package dev.mobilediffusion.server.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/** Failures as gRPC statuses, with the details that a client can act on. */
final class GrpcErrors {

    static final String DOMAIN = "mobilediffusion";
    static final Metadata.Key<String> RETRY_AFTER_MS =
            Metadata.Key.of("retry-after-ms", Metadata.ASCII_STRING_MARSHALLER);

    private static final System.Logger LOG = System.getLogger(GrpcErrors.class.getName());

    private GrpcErrors() {}

    /** What {@code failure} means to a client: ours, the runtime's, a library's status, or a bug. */
    static StatusRuntimeException of(Throwable failure) {
        return switch (failure) {
            case StatusRuntimeException status
            when status.getCause() instanceof InvalidProtocolBufferException ->
                refusal(ApiException.of(ErrorCode.INVALID_REQUEST, "the request is not a message of this method"));
            case StatusRuntimeException status -> status;
            case ApiException refusal -> refusal(refusal);
            case InferenceException refusal -> refusal(ApiException.of(refusal));
            default -> {
                LOG.log(System.Logger.Level.ERROR, "a gRPC call failed", failure);
                yield refusal(ApiException.of(ErrorCode.INTERNAL, "the server failed to answer this call", failure));
            }
        };
    }

    /** The metric label of a call that ended with {@code status}. */
    static String outcome(Status status) {
        if (status.isOk()) {
            return "success";
        }
        if (status.getCause() instanceof ApiException refusal) {
            return refusal.code().label();
        }
        for (ErrorCode code : ErrorCode.values()) {
            if (code.grpcStatus().equals(status.getCode().name())) {
                return code.label();
            }
        }
        return ErrorCode.INTERNAL.label();
    }

    /** Of a client that left its events unread for {@code patience}. */
    static ApiException unread(java.time.Duration patience) {
        return ApiException.of(
                ErrorCode.DEADLINE_EXCEEDED,
                "the client read none of its events for %s seconds".formatted(patience.toSeconds()));
    }

    private static StatusRuntimeException refusal(ApiException refusal) {
        ErrorCode code = refusal.code();
        com.google.rpc.Status.Builder status = com.google.rpc.Status.newBuilder()
                .setCode(Status.Code.valueOf(code.grpcStatus()).value())
                .setMessage(refusal.getMessage())
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setReason(code.label())
                        .setDomain(DOMAIN)
                        .build()));
        if (!refusal.param().isEmpty()) {
            status.addDetails(Any.pack(BadRequest.newBuilder()
                    .addFieldViolations(BadRequest.FieldViolation.newBuilder()
                            .setField(refusal.param())
                            .setDescription(refusal.getMessage()))
                    .build()));
        }
        Metadata trailers = new Metadata();
        refusal.retryAfter().ifPresent(wait -> {
            trailers.put(RETRY_AFTER_MS, Long.toString(Math.max(1, wait.toMillis())));
            status.addDetails(Any.pack(RetryInfo.newBuilder()
                    .setRetryDelay(
                            Duration.newBuilder().setSeconds(wait.toSeconds()).setNanos(wait.toNanosPart()))
                    .build()));
        });
        StatusRuntimeException answer = StatusProto.toStatusRuntimeException(status.build(), trailers);
        return new StatusRuntimeException(answer.getStatus().withCause(refusal), answer.getTrailers());
    }
}
