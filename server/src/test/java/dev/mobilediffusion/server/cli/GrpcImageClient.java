package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.benchmark.Benchmark;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.Image;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.Stage;
import dev.mobilediffusion.server.grpc.v1.StageTiming;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.Iterator;
import java.util.Set;

/** {@code Generate} by grpc-java. One channel, kept open. */
final class GrpcImageClient implements ImageClient {

    private static final Set<Stage> NETWORKS =
            Set.of(Stage.STAGE_TEXT_ENCODER, Stage.STAGE_UNET, Stage.STAGE_VAE_DECODER);

    private final ManagedChannel channel;
    private final ImageSettings settings;

    GrpcImageClient(String host, int port, ImageSettings settings) {
        this.channel = NettyChannelBuilder.forAddress(host, port).usePlaintext().build();
        this.settings = settings;
    }

    @Override
    public ServedImage draw(int number) {
        GenerateRequest.Builder draft = GenerateRequest.newBuilder()
                .setPrompt(Benchmark.prompt(number))
                .setSeed(number)
                .setSteps(settings.steps());
        settings.guidanceScale().ifPresent(draft::setGuidanceScale);
        GenerateRequest request = draft.build();
        Image image = Image.getDefaultInstance();
        long start = System.nanoTime();
        Iterator<JobEvent> events = ImageGenerationGrpc.newBlockingStub(channel).generate(request);
        while (events.hasNext()) {
            JobEvent event = events.next();
            image = event.hasImage() ? event.getImage() : image;
        }
        Duration wall = Duration.ofNanos(System.nanoTime() - start);
        if (image.getData().isEmpty()) {
            throw new IllegalStateException("the call ended without picture " + number);
        }
        double millis = image.getInfo().getTimingsList().stream()
                .filter(timing -> NETWORKS.contains(timing.getStage()))
                .mapToDouble(StageTiming::getMilliseconds)
                .sum();
        return new ServedImage(wall, Duration.ofNanos(Math.round(millis * 1e6)));
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
