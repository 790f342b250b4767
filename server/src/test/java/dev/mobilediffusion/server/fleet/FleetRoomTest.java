package dev.mobilediffusion.server.fleet;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.generation.Upload;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

final class FleetRoomTest {

    private static final ClientId ALICE = ClientId.ofKey("alice");
    private static final ClientId BOB = ClientId.ofKey("bob");
    private static final int CAPACITY = 20;

    @Test
    void whatOneClientSentToAllBoardsIsBounded() {
        List<JobRecord> unfinished = List.of(job("a", ALICE, 30), job("b", ALICE, 30));

        require(job("c", ALICE, 4).spec(), ALICE, unfinished);
        require(job("d", BOB, 30).spec(), BOB, unfinished);
        assertThat(
                assertThrows(
                                ApiException.class,
                                () -> require(job("e", ALICE, 5).spec(), ALICE, unfinished))
                        .getMessage(),
                containsString("those of one client 67108864; with this job they had 68157440 and 68157440"));
    }

    @Test
    void aJobWithoutUploadsIsNotRefusedForThoseOfOthers() {
        require(
                JobSpec.of("fake", ImageRequest.of("a house", 1)),
                ALICE,
                List.of(job("a", ALICE, 64), job("b", BOB, 64)));
    }

    @Test
    void aFullQueueSaysHowManyWaitOfHowMany() {
        List<JobRecord> one = List.of(job("a", BOB, 0));
        assertThat(
                assertThrows(
                                ApiException.class,
                                () -> FleetRoom.require(one.getFirst().spec(), ALICE, one, 1, Duration.ofSeconds(1)))
                        .getMessage(),
                containsString("1 jobs with 1 pictures are waiting, of at most 1 jobs and 4 pictures"));
    }

    private static void require(JobSpec spec, ClientId client, List<JobRecord> unfinished) {
        FleetRoom.require(spec, client, unfinished, CAPACITY, Duration.ofSeconds(1));
    }

    private static JobRecord job(String id, ClientId client, long mebibytes) {
        Upload upload = new Upload("0".repeat(64), mebibytes << 20, () -> new byte[0]);
        Source source = new Source(upload, Optional.empty(), OptionalDouble.of(0.5), ImageEdit.Options.DEFAULT);
        JobSpec spec = JobSpec.of("fake", ImageRequest.of("a house", 1)).withSource(source);
        return JobRecord.queued(id, client, spec, Instant.EPOCH);
    }
}
