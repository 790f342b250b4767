package dev.mobilediffusion.server.queue;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.job.Job;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class FairScheduleTest {

    private static final ClientId ALICE = ClientId.ofKey("alice");
    private static final ClientId BOB = ClientId.ofKey("bob");

    private final FairSchedule schedule = new FairSchedule();

    @Test
    void aClientWithManyJobsDoesNotStarveOneWithASingleJob() {
        Job a1 = add("a1", ALICE, 1);
        Job a2 = add("a2", ALICE, 1);
        Job a3 = add("a3", ALICE, 1);
        Job b1 = add("b1", BOB, 1);

        assertThat(jobsInOrder(), contains(a1, b1, a2, a3));
    }

    @Test
    void aJobOfManyImagesDoesNotBlockAJobOfOneOfTheSameClient() {
        Job many = add("many", ALICE, 3);
        Job one = add("one", ALICE, 1);

        assertThat(jobsInOrder(), contains(many, one, many, many));
    }

    @Test
    void imagesOfAJobComeInOrder() {
        Job job = add("job", ALICE, 3);

        List<Integer> indices = new ArrayList<>();
        for (Optional<ImageTask> next = schedule.poll(); next.isPresent(); next = schedule.poll()) {
            indices.add(next.get().index());
        }
        assertThat(indices, contains(0, 1, 2));
        assertThat(job.spec().image(2).seed(), is(9L));
    }

    @Test
    void orderForeseesWhatPollThenDoes() {
        add("a1", ALICE, 2);
        add("b1", BOB, 3);
        add("a2", ALICE, 1);

        List<ImageTask> foreseen = schedule.order();
        assertThat(foreseen.size(), is(schedule.images()));
        for (ImageTask task : foreseen) {
            assertThat(schedule.poll(), is(Optional.of(task)));
        }
        assertThat(schedule.poll(), is(Optional.empty()));
    }

    @Test
    void aRemovedJobIsGoneAndTheOthersStay() {
        Job a1 = add("a1", ALICE, 2);
        Job b1 = add("b1", BOB, 1);

        schedule.remove(a1);

        assertThat(schedule.jobs(), is(1));
        assertThat(jobsInOrder(), contains(b1));
    }

    private Job add(String id, ClientId client, int count) {
        JobSpec spec = JobSpec.of("fake", ImageRequest.of("a house", 7)).withCount(count);
        Job job = new Job(id, spec, client, Instant.EPOCH, 0);
        schedule.add(job);
        return job;
    }

    private List<Job> jobsInOrder() {
        return schedule.order().stream().map(ImageTask::job).toList();
    }
}
