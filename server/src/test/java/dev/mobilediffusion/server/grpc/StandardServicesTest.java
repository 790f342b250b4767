package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.await;
import static dev.mobilediffusion.server.grpc.GrpcFixture.code;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import dev.mobilediffusion.server.error.ErrorCode;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What every gRPC tool expects of a server: health, reflection, statuses of the protocol. */
final class StandardServicesTest {

    private static final String SERVICE = "mobilediffusion.v1.ImageGeneration";

    @RegisterExtension
    private final GrpcFixture server = GrpcFixture.quick();

    @Test
    void healthTellsWhetherTheServerIsReady() {
        for (String name : List.of("", SERVICE)) {
            assertThat(health(name), is(ServingStatus.NOT_SERVING));
        }
        server.api.serving(true);
        for (String name : List.of("", SERVICE)) {
            assertThat(health(name), is(ServingStatus.SERVING));
        }
        server.api.serving(false);
        assertThat(health(""), is(ServingStatus.NOT_SERVING));
        assertThat(code(() -> health("nobody")), is(Status.Code.NOT_FOUND));
        assertThat(server.outcomes, is(empty()));
    }

    @Test
    void healthIsWatchedByClientsThatStayAndForgetsThoseThatVanish() throws Exception {
        Answers<HealthCheckResponse> staying = new Answers<>();
        HealthGrpc.newStub(server.channel).watch(HealthCheckRequest.getDefaultInstance(), staying);
        await(() -> staying.received.size() == 1);

        server.api.serving(true);

        await(() -> staying.received.size() == 2);
        assertThat(staying.received.getLast().getStatus(), is(ServingStatus.SERVING));
    }

    @Test
    void reflectionKnowsTheServicesAndTheirMessages() throws Exception {
        ServerReflectionResponse services =
                reflect(ServerReflectionRequest.newBuilder().setListServices("").build());
        assertThat(
                services.getListServicesResponse().getServiceList().stream()
                        .map(ServiceResponse::getName)
                        .toList(),
                containsInAnyOrder(
                        SERVICE,
                        "grpc.health.v1.Health",
                        "grpc.reflection.v1.ServerReflection",
                        "grpc.reflection.v1alpha.ServerReflection"));

        FileDescriptorProto ours = file(ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol(SERVICE)
                .build());
        assertThat(ours.getDependencyList(), hasItem("google/protobuf/timestamp.proto"));
        FileDescriptorProto timestamp = file(ServerReflectionRequest.newBuilder()
                .setFileByFilename("google/protobuf/timestamp.proto")
                .build());
        assertThat(timestamp.getMessageType(0).getName(), is("Timestamp"));
        FileDescriptorProto health = file(ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol("grpc.health.v1.Health")
                .build());
        assertThat(health.getPackage(), is("grpc.health.v1"));
    }

    @Test
    void everyErrorHasAStatusOfTheProtocol() {
        for (ErrorCode code : ErrorCode.values()) {
            assertThat(Status.Code.valueOf(code.grpcStatus()).name(), is(code.grpcStatus()));
        }
    }

    private ServingStatus health(String service) {
        return HealthGrpc.newBlockingStub(server.channel)
                .withDeadlineAfter(Duration.ofSeconds(20))
                .check(HealthCheckRequest.newBuilder().setService(service).build())
                .getStatus();
    }

    private FileDescriptorProto file(ServerReflectionRequest request) throws Exception {
        return FileDescriptorProto.parseFrom(
                reflect(request).getFileDescriptorResponse().getFileDescriptorProto(0));
    }

    private ServerReflectionResponse reflect(ServerReflectionRequest request) throws InterruptedException {
        Answers<ServerReflectionResponse> answers = new Answers<>();
        StreamObserver<ServerReflectionRequest> questions =
                ServerReflectionGrpc.newStub(server.channel).serverReflectionInfo(answers);
        questions.onNext(request);
        await(() -> !answers.received.isEmpty());
        questions.onCompleted();
        return answers.received.getFirst();
    }

    private static final class Answers<T> implements StreamObserver<T> {

        final List<T> received = new CopyOnWriteArrayList<>();

        @Override
        public void onNext(T answer) {
            received.add(answer);
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}
    }
}
