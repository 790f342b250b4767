package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.collect.ImmutableList;
import com.google.protobuf.ByteString;
import dev.mobilediffusion.runtime.Sha256;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.Image;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole server in a process of its own, with a real bundle of random weights, asked by gRPC. */
final class RealModelTest {

    private static final Path BUNDLES = Path.of("..", "runtime", "src", "test", "resources", "bundles");

    @TempDir
    private Path folder;

    private Process server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws IOException {
        server = JavaProcess.start(ServingProcess.class, folder.toString(), BUNDLES.toString());
        BufferedReader output = server.inputReader();
        String line = output.readLine();
        assertThat(line, startsWith("listening at http://127.0.0.1:"));
        int port = Integer.parseInt(line.substring(line.indexOf("gRPC at port ") + "gRPC at port ".length()));
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    }

    @AfterEach
    void stop() throws InterruptedException {
        channel.shutdownNow();
        server.destroyForcibly().waitFor();
    }

    @Test
    void aSeedDrawsTheSameImageEveryTime() throws Exception {
        Image first = draw(7);

        assertThat(ImageIO.read(first.getData().newInput()).getWidth(), is(64));
        assertThat(Sha256.of(first.getData().toByteArray()), is(first.getInfo().getSha256()));
        assertThat(draw(7).getData(), is(first.getData()));
        assertThat(draw(8).getData().equals(first.getData()), is(false));
    }

    @Test
    void stepsAreTheBundlesOwnAndGuidanceInItsWeightsIsIgnoredWithAWarning() {
        Image plain = draw(GenerateRequest.newBuilder().setPrompt("a red house").setSeed(7));
        Image guided = draw(GenerateRequest.newBuilder()
                .setPrompt("a red house")
                .setSeed(7)
                .setGuidanceScale(5)
                .setSteps(30));

        assertThat(plain.getInfo().getSteps(), is(4));
        assertThat(plain.getInfo().getGuidanceScale(), is(1.0));
        assertThat(plain.getInfo().getWarningsList(), is(empty()));
        assertThat(guided.getInfo().getGuidanceScale(), is(1.0));
        assertThat(
                guided.getInfo().getWarningsList(),
                contains(
                        "steps 30 is outside what the model was made for, [1, 20]; the picture may be poor",
                        "guidance_scale 5.0 is ignored: guidance is part of this model's weights"));
    }

    @Test
    void aModelWithoutAnEncoderIsRefusedAnImageAtOnce() {
        StatusRuntimeException refusal = assertThrows(
                StatusRuntimeException.class,
                () -> draw(GenerateRequest.newBuilder()
                        .setPrompt("a red house")
                        .setModel("tiny-flow-int8")
                        .setImage(ByteString.copyFrom(TestImages.png(TestImages.noise(64, 64))))));

        assertThat(refusal.getStatus().getCode(), is(Status.Code.INVALID_ARGUMENT));
        assertThat(refusal.getStatus().getDescription(), containsString("tiny-flow-int8 draws from words alone"));
    }

    @Test
    void theModelsOfTheFolderAreListed() {
        List<String> names = stub().listModels(ListModelsRequest.getDefaultInstance()).getModelsList().stream()
                .map(model -> model.getName() + (model.getIsDefault() ? " by default" : ""))
                .toList();

        assertThat(names, is(List.of("tiny-flow by default", "tiny-flow-int8", "tiny-lcm", "tiny-memory", "tiny-sd")));
    }

    private Image draw(long seed) {
        return draw(GenerateRequest.newBuilder()
                .setPrompt("a red house")
                .setSeed(seed)
                .setSteps(2));
    }

    private Image draw(GenerateRequest.Builder request) {
        List<JobEvent> events = ImmutableList.copyOf(stub().generate(request.build()));
        return events.get(events.size() - 2).getImage();
    }

    private ImageGenerationGrpc.ImageGenerationBlockingStub stub() {
        return ImageGenerationGrpc.newBlockingStub(channel).withDeadlineAfter(Duration.ofSeconds(60));
    }
}
