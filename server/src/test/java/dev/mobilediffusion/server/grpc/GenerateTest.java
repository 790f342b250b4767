package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.await;
import static dev.mobilediffusion.server.grpc.GrpcFixture.prompt;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.Image;
import dev.mobilediffusion.server.grpc.v1.ImageFormat;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.JobState;
import dev.mobilediffusion.server.grpc.v1.Stage;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

final class GenerateTest extends GenerateFixture {

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

    private static List<Image> images(List<JobEvent> events) {
        return events.stream()
                .filter(JobEvent::hasImage)
                .map(JobEvent::getImage)
                .toList();
    }
}
