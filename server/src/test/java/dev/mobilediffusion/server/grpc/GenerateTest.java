package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.await;
import static dev.mobilediffusion.server.grpc.GrpcFixture.failure;
import static dev.mobilediffusion.server.grpc.GrpcFixture.prompt;
import static dev.mobilediffusion.server.grpc.GrpcFixture.trailer;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import com.google.common.collect.ImmutableList;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.Image;
import dev.mobilediffusion.server.grpc.v1.ImageFormat;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.JobState;
import dev.mobilediffusion.server.grpc.v1.Stage;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class GenerateTest {

    @RegisterExtension
    private final GrpcFixture server = GrpcFixture.gated();

    @Test
    void theClientHearsOfEachPartAndGetsTheImage() {
        server.pipeline.allow(1);
        List<JobEvent> events = generated(prompt("a red house", 7).toBuilder().setSteps(3));

        assertThat(events.getFirst().getEventCase(), is(JobEvent.EventCase.QUEUED));
        assertThat(
                events.stream()
                        .filter(JobEvent::hasStage)
                        .map(each -> each.getStage().getStage())
                        .toList(),
                contains(Stage.STAGE_TEXT_ENCODER, Stage.STAGE_UNET, Stage.STAGE_VAE_DECODER, Stage.STAGE_ENCODE));
        JobEvent lastStep = events.stream()
                .filter(JobEvent::hasStep)
                .reduce((one, next) -> next)
                .orElseThrow();
        assertThat(lastStep.getStep().getStep(), is(3));
        assertThat(lastStep.getStep().getSteps(), is(3));
        Image image = images(events).getFirst();
        byte[] rgb = new byte[16 * 16 * 3];
        java.util.Arrays.fill(rgb, (byte) 7);
        assertThat(image.getData().toByteArray(), is(rgb));
        assertThat(image.getInfo().getSeed(), is(7L));
        assertThat(image.getInfo().getWidth(), is(16));
        assertThat(image.getInfo().getFormat(), is(ImageFormat.IMAGE_FORMAT_PNG));
        assertThat(image.getInfo().getSha256().length(), is(64));
        assertThat(events.getLast().getDone().getJob().getState(), is(JobState.JOB_STATE_SUCCEEDED));
        assertThat(events.getLast().getDone().getJob().getTimingsList(), is(not(empty())));
        assertThat(server.outcomes, is(List.of("success")));
    }

    @Test
    void eachEventSaysHowLongItWillBe() {
        Iterator<JobEvent> events = server.stub().generate(prompt("a red house", 7));
        assertThat("the picture is held back", events.next().getEtaSeconds(), is(greaterThan(0.0)));

        server.pipeline.allow(1);
        JobEvent last = events.next();
        while (events.hasNext()) {
            last = events.next();
        }
        assertThat(last.hasDone(), is(true));
        assertThat(last.getEtaSeconds(), is(0.0));
    }

    @Test
    void whatIsLeftOutOfAPromptIsSaid() {
        server.pipeline.allow(1);
        List<JobEvent> events = generated(prompt("a red house <lora:x:1>", 7).toBuilder());

        assertThat(server.pipeline.finished().getFirst().prompt(), is("a red house"));
        assertThat(
                events.getLast().getDone().getJob().getWarningsList(),
                contains("there is no such LoRA, so it was left out of the prompt: <lora:x:1>"));
    }

    @Test
    void everyFieldReachesTheModel() {
        server.pipeline.allow(2);
        List<JobEvent> events = generated(GenerateRequest.newBuilder()
                .setPrompt("a house")
                .setNegativePrompt("rain")
                .setModel("fake")
                .setSeed(40)
                .setSteps(2)
                .setGuidanceScale(4.5)
                .setN(2)
                .setWidth(32)
                .setHeight(48)
                .setFormat(ImageFormat.IMAGE_FORMAT_JPEG)
                .setQuality(50)
                .setTimeoutSeconds(60));

        assertThat(images(events).stream().map(each -> each.getInfo().getSeed()).toList(), contains(40L, 41L));
        Image image = images(events).getLast();
        assertThat(image.getInfo().getWidth(), is(32));
        assertThat(image.getInfo().getHeight(), is(48));
        assertThat(image.getInfo().getSteps(), is(2));
        assertThat(image.getInfo().getGuidanceScale(), is(4.5));
        assertThat(image.getInfo().getFormat(), is(ImageFormat.IMAGE_FORMAT_JPEG));
        assertThat(server.pipeline.finished().getFirst().negativePrompt(), is("rain"));
    }

    @Test
    void aWaitingClientHearsWhereItStands() throws Exception {
        List<Generation> calls = server.generateInOrder(3);
        Generation last = calls.getLast();

        await(() -> last.events().size() > 3);

        JobEvent first = last.events().getFirst();
        assertThat(first.getQueued().getPosition(), is(2));
        assertThat(first.getEtaSeconds(), is(first.getQueued().getEtaSeconds()));
        calls.get(1).cancel();
        await(() -> last.events().getLast().getQueued().getPosition() == 1);
        assertThat(last.events().getLast().getId(), is(0L));
    }

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

    private List<JobEvent> generated(GenerateRequest.Builder request) {
        return ImmutableList.copyOf(server.stub().generate(request.build()));
    }

    private static List<Image> images(List<JobEvent> events) {
        return events.stream()
                .filter(JobEvent::hasImage)
                .map(JobEvent::getImage)
                .toList();
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
