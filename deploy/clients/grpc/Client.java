import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc.ImageGenerationBlockingStub;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** grpc-java against a running server: {@code Client.java TARGET KEY CA.pem}; key and CA may be empty. See check.sh. */
final class Client {

    private static final long PATIENCE_MILLIS = 60_000;

    private Client() {}

    public static void main(String[] args) throws IOException {
        String key = args[1];
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget(args[0]);
        if (args[2].isEmpty()) {
            builder.usePlaintext();
        } else {
            builder.sslContext(
                    GrpcSslContexts.forClient().trustManager(new File(args[2])).build());
        }
        ManagedChannel channel = builder.build();
        try {
            check(channel, key);
            System.out.println("grpc-java: models, stream, cancel, deadline" + (key.isEmpty() ? "" : ", key")
                    + (args[2].isEmpty() ? "" : ", TLS"));
        } finally {
            channel.shutdownNow();
        }
    }

    private static void check(ManagedChannel channel, String key) {
        require(models(stub(channel, key, PATIENCE_MILLIS)) == 1, "one model");
        List<JobEvent> events = new ArrayList<>();
        stub(channel, key, PATIENCE_MILLIS).generate(request(1)).forEachRemaining(events::add);
        require(events.stream().anyMatch(JobEvent::hasStep), "progress");
        require(events.stream().anyMatch(each -> each.getImage().getData().size() > 1000), "a picture");
        Context.CancellableContext mine = Context.current().withCancellation();
        mine.run(() -> {
            Iterator<JobEvent> long10 = stub(channel, key, PATIENCE_MILLIS).generate(request(10));
            long10.next();
            mine.cancel(null);
            require(code(() -> long10.forEachRemaining(each -> {})) == Status.Code.CANCELLED, "CANCELLED");
        });
        require(
                code(() -> stub(channel, key, 200).generate(request(10)).forEachRemaining(each -> {}))
                        == Status.Code.DEADLINE_EXCEEDED,
                "DEADLINE_EXCEEDED");
        require(models(stub(channel, key, PATIENCE_MILLIS)) == 1, "a call after a cancel");
        if (!key.isEmpty()) {
            require(
                    code(() -> models(stub(channel, "md_wrong", PATIENCE_MILLIS))) == Status.Code.UNAUTHENTICATED,
                    "UNAUTHENTICATED");
        }
    }

    private static int models(ImageGenerationBlockingStub stub) {
        return stub.listModels(ListModelsRequest.getDefaultInstance()).getModelsCount();
    }

    private static GenerateRequest request(int images) {
        return GenerateRequest.newBuilder()
                .setPrompt("a red house")
                .setSeed(7)
                .setN(images)
                .build();
    }

    private static ImageGenerationBlockingStub stub(ManagedChannel channel, String key, long millis) {
        Metadata headers = new Metadata();
        if (!key.isEmpty()) {
            headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
        }
        return ImageGenerationGrpc.newBlockingStub(channel)
                .withDeadlineAfter(millis, TimeUnit.MILLISECONDS)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private static Status.Code code(Runnable call) {
        try {
            call.run();
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode();
        }
        return Status.Code.OK;
    }

    private static void require(boolean held, String what) {
        if (!held) {
            throw new AssertionError("expected: " + what);
        }
    }
}
