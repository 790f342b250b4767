package dev.mobilediffusion.server.grpc;

// example begin
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;

/** Draws one image, telling how far it is. */
final class ClientExample {

    private ClientExample() {}

    static void draw(String host, int port, String prompt, Path file) throws IOException {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress(host, port).usePlaintext().build();
        try {
            Iterator<JobEvent> events = ImageGenerationGrpc.newBlockingStub(channel)
                    // Ends the call here and cancels the job there
                    .withDeadlineAfter(120, TimeUnit.SECONDS)
                    .generate(GenerateRequest.newBuilder()
                            .setPrompt(prompt)
                            .setSeed(7)
                            .setTimeoutSeconds(120)
                            .build());
            while (events.hasNext()) {
                JobEvent event = events.next();
                switch (event.getEventCase()) {
                    case QUEUED ->
                        System.err.println("position " + event.getQueued().getPosition());
                    case STEP -> System.err.println("step " + event.getStep().getStep());
                    case IMAGE -> Files.write(file, event.getImage().getData().toByteArray());
                    default -> {}
                }
            }
        } finally {
            channel.shutdownNow();
        }
    }
}
// example end
