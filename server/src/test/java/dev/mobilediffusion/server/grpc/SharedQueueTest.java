package dev.mobilediffusion.server.grpc;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.TestServer;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.Job;
import dev.mobilediffusion.server.grpc.v1.SubmitJobRequest;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The whole server: gRPC and REST share a queue and the metrics. */
final class SharedQueueTest {

    @RegisterExtension
    private final TestServer server = TestServer.gated();

    private ManagedChannel channel;

    @BeforeEach
    void start() {
        channel = GrpcFixture.channel(server.grpcPort());
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
    }

    @Test
    void aJobHandedInByGrpcIsFetchedByRest() throws Exception {
        Job job = ImageGenerationGrpc.newBlockingStub(channel)
                .withDeadlineAfter(Duration.ofSeconds(20))
                .submitJob(SubmitJobRequest.newBuilder()
                        .setRequest(GrpcFixture.prompt("shared", 5))
                        .build());
        server.pipeline.allow(1);
        GrpcFixture.await(() -> server.pipeline.finished().size() == 1);

        GrpcFixture.await(() -> given().get(server.url() + "/v1/jobs/" + job.getId())
                .path("status")
                .equals("succeeded"));
        byte[] image = given().get(server.url() + "/v1/jobs/" + job.getId() + "/images/0")
                .asByteArray();
        assertThat(image.length, is(16 * 16 * 3));
        String metrics = given().get(server.url() + "/metrics").asString();
        assertThat(
                metrics,
                containsString("mobilediffusion_request_duration_seconds_count{api=\"grpc\",outcome=\"success\"} 1"));
    }

    @Test
    void healthIsServingOnceTheServerHasStarted() {
        assertThat(
                HealthGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(Duration.ofSeconds(20))
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus(),
                is(ServingStatus.SERVING));
    }
}
