package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.code;
import static dev.mobilediffusion.server.grpc.GrpcFixture.failure;
import static dev.mobilediffusion.server.grpc.GrpcFixture.prompt;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.GetJobRequest;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.Job;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import dev.mobilediffusion.server.grpc.v1.WatchJobRequest;
import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls that go wrong in every way there is, and end in a status all the same. */
final class CallGuardTest {

    @TempDir
    private Path folder;

    @Test
    void aMethodThatThrowsEndsTheCallWithoutTellingItsSecrets() {
        try (GrpcFixture server = GrpcFixture.start(folder, new BrokenService())) {
            Status status = failure(() -> server.stub().getJob(GetJobRequest.getDefaultInstance()))
                    .getStatus();

            assertThat(status.getCode(), is(Status.Code.INTERNAL));
            assertThat(status.getDescription(), allOf(containsString("failed"), not(containsString("/secret"))));
            assertThat(server.outcomes, is(List.of("internal")));
        }
    }

    @Test
    void aMethodThatThrowsAnErrorAmidItsStreamEndsTheCall() {
        try (GrpcFixture server = GrpcFixture.start(folder, new BrokenService())) {
            assertThat(
                    code(() -> server.stub()
                            .generate(prompt("x", 1))
                            .forEachRemaining(event -> assertThat(event.getId(), is(7L)))),
                    is(Status.Code.INTERNAL));
        }
    }

    @Test
    void aMethodThatCannotEvenStartEndsTheCall() {
        try (GrpcFixture server = GrpcFixture.start(folder, new UnstartableService())) {
            assertThat(
                    code(() -> server.stub().listModels(ListModelsRequest.getDefaultInstance())),
                    is(Status.Code.INTERNAL));
        }
    }

    @Test
    void aLibrarysOwnStatusReachesTheClientAsItIs() {
        try (GrpcFixture server = GrpcFixture.start(folder, new BrokenService())) {
            StatusRuntimeException failure = failure(() ->
                    server.stub().watchJob(WatchJobRequest.getDefaultInstance()).hasNext());

            assertThat(failure.getStatus().getCode(), is(Status.Code.DATA_LOSS));
            assertThat(failure.getStatus().getDescription(), is("50% of “it”\nis lost"));
        }
    }

    @Test
    void aRequestThatIsTooLargeEndsAtOnceAndSaysWhatTheLimitIs() {
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick())) {
            for (int bytes : List.of(GrpcApi.MAX_REQUEST_BYTES, 12 << 20)) {
                Status status = failure(() -> server.stub()
                                .generate(prompt("x".repeat(bytes), 1))
                                .hasNext())
                        .getStatus();

                assertThat(status.getCode(), is(Status.Code.RESOURCE_EXHAUSTED));
                assertThat(status.getDescription(), containsString("4194304"));
            }
            assertServes(server);
        }
    }

    @Test
    void aCompressedRequestIsReadWithinTheSameLimit() {
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick())) {
            Status tooLong = failure(() -> server.stub()
                            .withCompression("gzip")
                            .generate(prompt("x".repeat(100_000), 1))
                            .hasNext())
                    .getStatus();
            assertThat(tooLong.getDescription(), containsString("at most 32000 characters, got 100000"));

            Status bomb = failure(() -> server.stub()
                            .withCompression("gzip")
                            .generate(prompt("x".repeat(10 << 20), 1))
                            .hasNext())
                    .getStatus();
            assertThat(bomb.getCode(), is(Status.Code.RESOURCE_EXHAUSTED));
            assertThat(bomb.getDescription(), containsString("4194304"));
            assertServes(server);
        }
    }

    @Test
    void bytesThatAreNoMessageAreRefused() {
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick())) {
            byte[] nonsense = {0x0A, 0x7F, 1, 2, 3};

            assertThat(code(() -> callRaw(server, "Generate", nonsense)), is(Status.Code.INVALID_ARGUMENT));
            assertThat(code(() -> callRaw(server, "GetJob", nonsense)), is(Status.Code.INVALID_ARGUMENT));
            assertServes(server);
        }
    }

    @Test
    void anUnknownMethodIsUnimplemented() {
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick())) {
            assertThat(code(() -> callRaw(server, "Paint", new byte[0])), is(Status.Code.UNIMPLEMENTED));
            assertServes(server);
        }
    }

    private static void assertServes(GrpcFixture server) {
        assertThat(
                server.stub().listModels(ListModelsRequest.getDefaultInstance()).getModelsCount(), is(2));
    }

    private static byte[] callRaw(GrpcFixture server, String method, byte[] request) {
        MethodDescriptor<byte[], byte[]> descriptor = MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(ImageGenerationGrpc.SERVICE_NAME, method))
                .setRequestMarshaller(new RawBytes())
                .setResponseMarshaller(new RawBytes())
                .build();
        return ClientCalls.blockingUnaryCall(
                server.channel, descriptor, CallOptions.DEFAULT.withDeadlineAfter(Duration.ofSeconds(20)), request);
    }

    private static final class RawBytes implements MethodDescriptor.Marshaller<byte[]> {

        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            return new byte[0];
        }
    }

    private static final class BrokenService extends ImageGenerationGrpc.ImageGenerationImplBase {

        @Override
        public void getJob(GetJobRequest request, StreamObserver<Job> client) {
            throw new IllegalStateException("no such file: /secret/jobs.sqlite");
        }

        @Override
        public void generate(GenerateRequest request, StreamObserver<JobEvent> client) {
            client.onNext(JobEvent.newBuilder().setId(7).build());
            throw new StackOverflowError("not really");
        }

        @Override
        public void watchJob(WatchJobRequest request, StreamObserver<JobEvent> client) {
            throw Status.DATA_LOSS.withDescription("50% of “it”\nis lost").asRuntimeException();
        }
    }

    /** As a security interceptor with a bug would do. */
    private static final class UnstartableService implements BindableService {

        @Override
        public ServerServiceDefinition bindService() {
            return ServerInterceptors.intercept(new BrokenService(), new BrokenInterceptor());
        }
    }

    private static final class BrokenInterceptor implements ServerInterceptor {

        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            throw new IllegalStateException("no keys");
        }
    }
}
