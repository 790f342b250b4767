package dev.mobilediffusion.server.grpc;

import static dev.mobilediffusion.server.grpc.GrpcFixture.code;
import static dev.mobilediffusion.server.grpc.GrpcFixture.failure;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.TestServer;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import dev.mobilediffusion.server.security.IssuedKey;
import dev.mobilediffusion.server.security.KeyFile;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who gets in by gRPC, and who does not. */
final class GrpcKeysTest {

    @TempDir
    private Path folder;

    private IssuedKey key;
    private TestServer server;
    private ManagedChannel channel;

    @BeforeEach
    void start() {
        start(Map.of("require-keys", "true"));
    }

    private void start(Map<String, String> settings) {
        key = keys().add("phone" + settings.size(), Optional.empty(), OptionalInt.of(2));
        server = TestServer.start(folder, settings);
        channel = GrpcFixture.channel(server.grpcPort());
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.close();
    }

    @Test
    void aKeyLetsIn() {
        assertThat(models("Bearer " + key.secret()), is(1));
    }

    @Test
    void withoutAKeyAllServicesAreClosed() throws Exception {
        StatusRuntimeException refusal = failure(() -> stub().listModels(ListModelsRequest.getDefaultInstance()));
        assertThat(refusal.getStatus().getCode(), is(Status.Code.UNAUTHENTICATED));
        assertThat(refusal.getStatus().getDescription(), startsWith("this server asks for an API key"));
        assertThat(
                code(() -> drain(stub().generate(GrpcFixture.prompt("a house", 1)))), is(Status.Code.UNAUTHENTICATED));
        assertThat(code(this::health), is(Status.Code.UNAUTHENTICATED));
        assertThat(reflect(), is(Status.Code.UNAUTHENTICATED));
        assertThat(server.pipeline.finished().size(), is(0));
    }

    /** A stranger whose call goes on holds nothing open. */
    @Test
    void aCallWithoutAKeyEndsBeforeItsFirstMessage() throws Exception {
        CompletableFuture<Status.Code> ended = new CompletableFuture<>();
        ServerReflectionGrpc.newStub(channel)
                .withDeadlineAfter(Duration.ofSeconds(20))
                .serverReflectionInfo(new EndOf<>(ended));
        assertThat(ended.get(30, TimeUnit.SECONDS), is(Status.Code.UNAUTHENTICATED));
    }

    @Test
    void wrongAndRevokedKeysLetNobodyIn() {
        StatusRuntimeException wrong = failure(() -> models("Bearer md_wrong"));
        assertThat(wrong.getStatus().getCode(), is(Status.Code.UNAUTHENTICATED));

        keys().revoke(key.key().name());
        StatusRuntimeException revoked = failure(() -> models("Bearer " + key.secret()));
        assertThat(revoked.getStatus().getDescription(), is("the API key 'phone1' was revoked"));
        Status.Code code = Status.Code.UNAUTHENTICATED;
        for (int i = 0; i < 100 && code == Status.Code.UNAUTHENTICATED; i++) {
            code = code(() -> models("Bearer md_wrong"));
        }
        assertThat(code, is(Status.Code.RESOURCE_EXHAUSTED));
    }

    @Test
    void aKeysLimitOfImagesHoldsHereToo() {
        for (int i = 0; i < 2; i++) {
            drain(with("Bearer " + key.secret(), stub()).generate(GrpcFixture.prompt("a house", i)));
        }
        assertThat(
                code(() -> drain(with("Bearer " + key.secret(), stub()).generate(GrpcFixture.prompt("a house", 3)))),
                is(Status.Code.RESOURCE_EXHAUSTED));
        assertThat(models("Bearer " + key.secret()), is(1));
    }

    @Test
    void healthOpensWithReadiness() throws Exception {
        stop();
        start(Map.of("require-keys", "true", "open-ready", "true"));
        health();
        assertThat(reflect(), is(Status.Code.UNAUTHENTICATED));
    }

    private KeyFile keys() {
        return new KeyFile(TestServer.config(folder).data(), Clock.systemUTC());
    }

    private ImageGenerationGrpc.ImageGenerationBlockingStub stub() {
        return ImageGenerationGrpc.newBlockingStub(channel).withDeadlineAfter(Duration.ofSeconds(20));
    }

    private int models(String authorization) {
        return with(authorization, stub())
                .listModels(ListModelsRequest.getDefaultInstance())
                .getModelsCount();
    }

    private void health() {
        HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(Duration.ofSeconds(20))
                .check(HealthCheckRequest.getDefaultInstance());
    }

    private Status.Code reflect() throws Exception {
        CompletableFuture<Status.Code> ended = new CompletableFuture<>();
        StreamObserver<ServerReflectionRequest> questions = ServerReflectionGrpc.newStub(channel)
                .withDeadlineAfter(Duration.ofSeconds(20))
                .serverReflectionInfo(new EndOf<>(ended));
        questions.onNext(
                ServerReflectionRequest.newBuilder().setListServices("").build());
        questions.onCompleted();
        return ended.get(30, TimeUnit.SECONDS);
    }

    private static void drain(Iterator<JobEvent> events) {
        while (events.hasNext()) {
            events.next();
        }
    }

    private static <S extends AbstractStub<S>> S with(String authorization, S stub) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), authorization);
        return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private record EndOf<T>(CompletableFuture<Status.Code> code) implements StreamObserver<T> {

        @Override
        public void onNext(T answer) {
            code.complete(Status.Code.OK);
        }

        @Override
        public void onError(Throwable failure) {
            code.complete(Status.fromThrowable(failure).getCode());
        }

        @Override
        public void onCompleted() {
            code.complete(Status.Code.UNKNOWN);
        }
    }
}
