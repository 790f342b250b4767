package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.code;
import static dev.mobilediffusion.server.grpc.GrpcFixture.prompt;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import com.google.common.collect.ImmutableList;
import dev.mobilediffusion.server.grpc.v1.CancelJobRequest;
import dev.mobilediffusion.server.grpc.v1.GetJobRequest;
import dev.mobilediffusion.server.grpc.v1.Job;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.JobState;
import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import dev.mobilediffusion.server.grpc.v1.Model;
import dev.mobilediffusion.server.grpc.v1.SubmitJobRequest;
import dev.mobilediffusion.server.grpc.v1.WatchJobRequest;
import io.grpc.Status;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

final class JobMethodsTest {

    @RegisterExtension
    private final GrpcFixture server = GrpcFixture.gated();

    @Test
    void aJobIsHandedInAndFetchedLater() throws Exception {
        Job submitted = submit("later", "");
        server.pipeline.awaitStart();
        assertThat(get(submitted.getId()).getState(), is(JobState.JOB_STATE_RUNNING));
        server.pipeline.allow(1);
        List<JobEvent> events = watch(submitted.getId(), 0);

        assertThat(events.getFirst().hasQueued(), is(true));
        JobEvent image = events.get(events.size() - 2);
        assertThat(image.getImage().getData().size(), is(16 * 16 * 3));
        assertThat(events.getLast().getDone().getJob().getState(), is(JobState.JOB_STATE_SUCCEEDED));
        Job finished = get(submitted.getId());
        assertThat(finished.getState(), is(JobState.JOB_STATE_SUCCEEDED));
        assertThat(finished.getImagesCount(), is(1));
        assertThat(finished.hasFinishedAt(), is(true));
        assertThat(finished.hasError(), is(false));
    }

    @Test
    void aFinishedJobIsWatchedAgainWithItsImage() throws Exception {
        server.pipeline.allow(1);
        String id = submit("again", "").getId();
        watch(id, 0);

        List<JobEvent> again = watch(id, 0);

        assertThat(again.stream().filter(JobEvent::hasImage).toList(), hasSize(1));
        assertThat(again.getLast().hasDone(), is(true));
    }

    @Tag("own-files")
    @Test
    void anImageWhoseFileIsDamagedEndsTheCallWithTheReason() throws Exception {
        server.pipeline.allow(1);
        String id = submit("damaged", "").getId();
        watch(id, 0);
        Files.write(server.folder().resolve("data/pictures").resolve(id).resolve("0.png"), new byte[3]);

        assertThat(code(() -> watch(id, 0)), is(Status.Code.DATA_LOSS));
    }

    @Test
    void aClientThatComesBackHearsOnlyWhatItMissed() throws Exception {
        server.pipeline.allow(1);
        String id = submit("missed", "").getId();
        List<JobEvent> all = watch(id, 0);
        JobEvent seen = all.get(all.size() - 3);

        assertThat(watch(id, seen.getId()), hasSize(2));
        List<JobEvent> nothingNew = watch(id, all.getLast().getId());
        assertThat(nothingNew, hasSize(1));
        assertThat(nothingNew.getFirst().hasDone(), is(true));
    }

    @Test
    void aWatcherThatLeavesDoesNotCancelTheJob() throws Exception {
        String id = submit("stays", "").getId();
        server.pipeline.awaitStart();
        try (RawHttp2 watcher = RawHttp2.connect(server.port())) {
            watcher.call(1, "WatchJob", WatchJobRequest.newBuilder().setId(id).build());
            watcher.await(1);
            watcher.reset(1);
        }
        server.pipeline.allow(1);

        assertThat(watch(id, 0).getLast().getDone().getJob().getState(), is(JobState.JOB_STATE_SUCCEEDED));
    }

    @Test
    void aRunningJobIsCancelled() throws Exception {
        String id = submit("unwanted", "").getId();
        server.pipeline.awaitStart();

        Job cancelled =
                server.stub().cancelJob(CancelJobRequest.newBuilder().setId(id).build());

        assertThat(cancelled.getState(), is(JobState.JOB_STATE_CANCELLED));
        assertThat(cancelled.getError().getCode(), is("cancelled"));
        JobEvent last = watch(id, 0).getLast();
        assertThat(last.getDone().getJob().getState(), is(JobState.JOB_STATE_CANCELLED));
    }

    @Test
    void aJobThatFailsIsWatchedToItsEnd() {
        String id = submit("boom", "").getId();

        JobEvent last = watch(id, 0).getLast();

        assertThat(last.getDone().getJob().getState(), is(JobState.JOB_STATE_FAILED));
        assertThat(last.getDone().getJob().getError().getCode(), is("inference_failed"));
    }

    @Test
    void theSameKeyFindsTheSameJob() {
        Job first = submit("once", "key");

        assertThat(submit("once", "key").getId(), is(first.getId()));
        assertThat(submit("once", "other").getId(), is(not(first.getId())));
        assertThat(code(() -> submit("twice", "key")), is(Status.Code.ALREADY_EXISTS));
        assertThat(code(() -> submit("once", "k".repeat(256))), is(Status.Code.INVALID_ARGUMENT));
        assertThat(code(() -> submit("once", " ")), is(Status.Code.INVALID_ARGUMENT));
    }

    @Test
    void anUnknownJobIsNotFound() {
        for (String id : List.of("", "x", "a".repeat(26), "../../etc/passwd", "'; drop table jobs; --")) {
            assertThat(code(() -> get(id)), is(Status.Code.NOT_FOUND));
            assertThat(code(() -> watch(id, 0)), is(Status.Code.NOT_FOUND));
            assertThat(
                    code(() -> server.stub()
                            .cancelJob(CancelJobRequest.newBuilder().setId(id).build())),
                    is(Status.Code.NOT_FOUND));
        }
    }

    @Test
    void anEventIdIsNeverNegative() {
        assertThat(code(() -> watch(submit("x", "").getId(), -1)), is(Status.Code.INVALID_ARGUMENT));
    }

    @Test
    void aRequestWithoutItsContentIsRefused() {
        assertThat(
                code(() -> server.stub().submitJob(SubmitJobRequest.getDefaultInstance())),
                is(Status.Code.INVALID_ARGUMENT));
    }

    @Test
    void modelsAreListedWithWhatIsKnownOfThem() {
        List<Model> models =
                server.stub().listModels(ListModelsRequest.getDefaultInstance()).getModelsList();

        assertThat(models, hasSize(2));
        assertThat(models.getFirst().getName(), is("fake"));
        assertThat(models.getFirst().getIsDefault(), is(true));
        assertThat(models.getFirst().getLoaded(), is(true));
        assertThat(models.getFirst().getKnownWordsList(), is(List.of("house", "red")));
        assertThat(models.getFirst().getGroups(0).getName(), is("buildings"));
        assertThat(models.getFirst().getGroups(0).getThingsList(), is(List.of("house")));
        assertThat(models.getFirst().getWidth(), is(16));
        assertThat(models.getLast().getName(), is("other"));
        assertThat(models.getLast().getIsDefault(), is(false));
        assertThat(models.getLast().getLoaded(), is(false));
        assertThat(models.getLast().getCreatedAt().getSeconds(), is(1L));
    }

    private Job submit(String prompt, String key) {
        return server.stub()
                .submitJob(SubmitJobRequest.newBuilder()
                        .setRequest(prompt(prompt, 1))
                        .setIdempotencyKey(key)
                        .build());
    }

    private Job get(String id) {
        return server.stub().getJob(GetJobRequest.newBuilder().setId(id).build());
    }

    private List<JobEvent> watch(String id, long after) {
        return ImmutableList.copyOf(server.stub()
                .watchJob(WatchJobRequest.newBuilder()
                        .setId(id)
                        .setAfterEventId(after)
                        .build()));
    }
}
