package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.TestImages.noise;
import static dev.mobilediffusion.server.TestImages.png;
import static dev.mobilediffusion.server.TestImages.transparentLeft;
import static dev.mobilediffusion.server.grpc.GrpcFixture.failure;
import static dev.mobilediffusion.server.grpc.GrpcFixture.prompt;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import com.google.common.collect.ImmutableList;
import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.JobState;
import dev.mobilediffusion.server.grpc.v1.MaskFill;
import dev.mobilediffusion.server.grpc.v1.ResizeMode;
import dev.mobilediffusion.server.grpc.v1.SubmitJobRequest;
import dev.mobilediffusion.server.grpc.v1.WatchJobRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Images that are drawn anew, on a model of 16x16 pixels whose every image is one grey: its seed. */
final class EditTest {

    private static final int SIDE = 16;

    @RegisterExtension
    private final GrpcFixture server = GrpcFixture.quick();

    @Test
    void anImageIsDrawnAnewWhereItsMaskIsTransparent() {
        ByteString image = ByteString.copyFrom(png(noise(SIDE, SIDE)));
        List<JobEvent> events = ImmutableList.copyOf(server.stub()
                .generate(edit().setImage(image)
                        .setMask(ByteString.copyFrom(png(transparentLeft(SIDE, SIDE))))
                        .setStrength(0.4)
                        .setMaskBlur(0)
                        .setFill(MaskFill.MASK_FILL_NOISE)
                        .setResizeMode(ResizeMode.RESIZE_MODE_STRETCH)
                        .build()));

        SourceImage seen = server.pipeline.finished().getFirst().source().orElseThrow();
        assertThat(seen.strength(), is(0.4));
        assertThat(seen.content(), is(SourceImage.MaskContent.LATENT_NOISE));
        byte[] drawn = events.stream()
                .filter(JobEvent::hasImage)
                .findFirst()
                .orElseThrow()
                .getImage()
                .getData()
                .toByteArray();
        assertThat(drawn[0], is((byte) 7));
        int right = 3 * (SIDE - 1);
        assertThat(drawn[right], is((byte) (noise(SIDE, SIDE).getRGB(SIDE - 1, 0) >> 16)));
    }

    @Test
    void aJobMayHoldAnImageOfSomeMegabytes() {
        byte[] large = png(noise(1024, 1024)); // some 3 MB
        String id = server.stub()
                .submitJob(SubmitJobRequest.newBuilder()
                        .setRequest(edit().setImage(ByteString.copyFrom(large)))
                        .build())
                .getId();

        List<JobEvent> events = ImmutableList.copyOf(
                server.stub().watchJob(WatchJobRequest.newBuilder().setId(id).build()));

        assertThat(events.getLast().getDone().getJob().getState(), is(JobState.JOB_STATE_SUCCEEDED));
        assertThat(server.pipeline.finished().getFirst().source().isPresent(), is(true));
    }

    @ParameterizedTest
    @MethodSource("wrongValues")
    void aWrongValueIsRefusedByItsField(String field, String sentence, Consumer<GenerateRequest.Builder> wrong)
            throws Exception {
        GenerateRequest.Builder request = edit().setImage(ByteString.copyFrom(png(noise(SIDE, SIDE))));
        wrong.accept(request);

        StatusRuntimeException failure =
                failure(() -> server.stub().generate(request.build()).hasNext());

        assertThat(failure.getStatus().getCode(), is(Status.Code.INVALID_ARGUMENT));
        assertThat(failure.getStatus().getDescription(), containsString(sentence));
        BadRequest details = StatusProto.fromThrowable(failure).getDetailsList().stream()
                .filter(any -> any.is(BadRequest.class))
                .findFirst()
                .orElseThrow()
                .unpack(BadRequest.class);
        assertThat(details.getFieldViolations(0).getField(), is(field));
        assertThat(
                StatusProto.fromThrowable(failure)
                        .getDetails(0)
                        .unpack(ErrorInfo.class)
                        .getReason(),
                is("invalid_request"));
    }

    static Stream<Arguments> wrongValues() {
        return Stream.of(
                wrong("image", "image", request -> request.setImage(ByteString.copyFromUtf8("no picture"))),
                wrong(
                        "image",
                        "image is missing",
                        request -> request.clearImage().setMask(ByteString.copyFrom(png(noise(SIDE, SIDE))))),
                wrong("mask", "8x8", request -> request.setMask(ByteString.copyFrom(png(transparentLeft(8, 8))))),
                wrong("strength", "strength must be in [0, 1], got 1.5", request -> request.setStrength(1.5)),
                wrong("strength", "got NaN", request -> request.setStrength(Double.NaN)),
                wrong("mask_blur", "[0, 64], got 65", request -> request.setMaskBlur(65)),
                wrong("padding", "[0, 256], got -1", request -> request.setPadding(-1)),
                wrong("fill", "[0, 4], got 9", request -> request.setFillValue(9)),
                wrong("resize_mode", "[0, 3], got 9", request -> request.setResizeModeValue(9)));
    }

    private static Arguments wrong(String field, String sentence, Consumer<GenerateRequest.Builder> wrong) {
        return Arguments.of(field, sentence, wrong);
    }

    private static GenerateRequest.Builder edit() {
        return prompt("a boat", 7).toBuilder();
    }
}
