package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.failure;
import static dev.mobilediffusion.server.grpc.GrpcFixture.prompt;
import static dev.mobilediffusion.server.grpc.GrpcFixture.trailer;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.ImageFormat;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code Generate} refuses, and how a call ends that fails. */
final class GenerateRefusalsTest extends GenerateFixture {

    @ParameterizedTest
    @MethodSource("wrongValues")
    void aWrongValueIsRefusedByItsFieldBoundAndValue(
            String field, String sentence, Consumer<GenerateRequest.Builder> wrong) throws Exception {
        GenerateRequest.Builder request = prompt("fine", 1).toBuilder();
        wrong.accept(request);

        StatusRuntimeException failure = failure(() -> generated(request));

        assertThat(failure.getStatus().getCode(), is(Status.Code.INVALID_ARGUMENT));
        assertThat(failure.getStatus().getDescription(), containsString(sentence));
        assertThat(detail(failure, BadRequest.class).getFieldViolations(0).getField(), is(field));
        assertThat(detail(failure, ErrorInfo.class).getReason(), is("invalid_request"));
        assertThat(server.outcomes, is(List.of("invalid_request")));
    }

    static Stream<Arguments> wrongValues() {
        return Stream.of(
                wrong("prompt", "must not be empty", request -> request.setPrompt(" ")),
                wrong(
                        "prompt",
                        "at most 32000 characters, got 32001",
                        request -> request.setPrompt("x".repeat(32_001))),
                wrong(
                        "negative_prompt",
                        "at most 32000 characters, got 40000",
                        request -> request.setNegativePrompt("x".repeat(40_000))),
                wrong("seed", "[0, 9223372036854775807], got -1", request -> request.setSeed(-1)),
                wrong(
                        "seed",
                        "at most",
                        request -> request.setSeed(Long.MAX_VALUE).setN(2)),
                wrong("steps", "[1, 150], got 0", request -> request.setSteps(0)),
                wrong("guidance_scale", "got NaN", request -> request.setGuidanceScale(Double.NaN)),
                wrong("n", "[1, 10], got 11", request -> request.setN(11)),
                wrong("n", "[1, 10], got 0", request -> request.setN(0)),
                wrong("height", "height is missing", request -> request.setWidth(64)),
                wrong(
                        "width",
                        "[16, 2048] pixels, got 4096",
                        request -> request.setWidth(4096).setHeight(64)),
                wrong(
                        "height",
                        "[16, 2048] pixels, got 8",
                        request -> request.setWidth(64).setHeight(8)),
                wrong("format", "[0, 3], got 9", request -> request.setFormatValue(9)),
                wrong("format", "webp cannot", request -> request.setFormat(ImageFormat.IMAGE_FORMAT_WEBP)),
                wrong("quality", "[0, 100], got 101", request -> request.setQuality(101)),
                wrong("timeout_seconds", "(0, 604800], got 0.0", request -> request.setTimeoutSeconds(0)),
                wrong("timeout_seconds", "got NaN", request -> request.setTimeoutSeconds(Double.NaN)));
    }

    private static Arguments wrong(String field, String sentence, Consumer<GenerateRequest.Builder> wrong) {
        return Arguments.of(field, sentence, wrong);
    }

    @Test
    void anUnknownModelIsNotFoundWhateverItsName() throws Exception {
        StatusRuntimeException failure =
                failure(() -> generated(prompt("x", 1).toBuilder().setModel("дом\n100%41")));

        assertThat(failure.getStatus().getCode(), is(Status.Code.NOT_FOUND));
        assertThat(failure.getStatus().getDescription(), startsWith("there is no model \"дом\n100%41\""));
        assertThat(detail(failure, ErrorInfo.class).getReason(), is("model_not_found"));
    }

    @Test
    void aFullQueueSaysWhenToComeBack() throws Exception {
        server.generateInOrder(5);

        StatusRuntimeException failure = failure(() -> generated(prompt("one too many", 6).toBuilder()));

        assertThat(failure.getStatus().getCode(), is(Status.Code.RESOURCE_EXHAUSTED));
        long milliseconds = Long.parseLong(trailer(failure, "retry-after-ms").orElseThrow());
        assertThat(milliseconds, is(greaterThan(0L)));
        RetryInfo retry = detail(failure, RetryInfo.class);
        assertThat(
                retry.getRetryDelay().getSeconds() * 1000
                        + retry.getRetryDelay().getNanos() / 1_000_000,
                is(milliseconds));
        assertThat(server.outcomes, is(List.of("rate_limit_exceeded")));
    }

    @Test
    void aJobThatIsLateIsDropped() throws Exception {
        StatusRuntimeException failure =
                failure(() -> generated(prompt("slow", 1).toBuilder().setTimeoutSeconds(0.2)));

        assertThat(failure.getStatus().getCode(), is(Status.Code.DEADLINE_EXCEEDED));
        assertThat(failure.getStatus().getDescription(), containsString("timeout_seconds"));
        assertThat(server.pipeline.finished(), is(empty()));
    }

    @Test
    void aModelThatFailsEndsTheCallWithoutTellingItsSecrets() throws Exception {
        StatusRuntimeException failure = failure(() -> generated(prompt("boom", 1).toBuilder()));

        assertThat(failure.getStatus().getCode(), is(Status.Code.INTERNAL));
        assertThat(failure.getStatus().getDescription(), not(containsString("secret")));
        assertThat(detail(failure, ErrorInfo.class).getReason(), is("inference_failed"));
    }

    @Test
    void whatTheModelRefusesIsTheClientsToMend() throws Exception {
        StatusRuntimeException failure = failure(() -> generated(prompt("picky", 1).toBuilder()));

        assertThat(failure.getStatus().getCode(), is(Status.Code.INVALID_ARGUMENT));
        assertThat(detail(failure, BadRequest.class).getFieldViolations(0).getField(), is("prompt"));
    }

    private static <T extends com.google.protobuf.Message> T detail(StatusRuntimeException failure, Class<T> type)
            throws InvalidProtocolBufferException {
        for (Any detail : StatusProto.fromThrowable(failure).getDetailsList()) {
            if (detail.is(type)) {
                return detail.unpack(type);
            }
        }
        throw new AssertionError("no " + type.getSimpleName() + " in " + failure);
    }
}
