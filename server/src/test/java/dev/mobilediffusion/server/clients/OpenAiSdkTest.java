package dev.mobilediffusion.server.clients;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.RateLimitException;
import com.openai.models.images.Image;
import com.openai.models.images.ImageEditParams;
import com.openai.models.images.ImageGenCompletedEvent;
import com.openai.models.images.ImageGenStreamEvent;
import com.openai.models.images.ImageGenerateParams;
import com.openai.models.images.ImagesResponse;
import com.openai.models.models.Model;
import dev.mobilediffusion.server.TestServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** OpenAI's own Java SDK, told nothing but the address. */
final class OpenAiSdkTest {

    @RegisterExtension
    private final TestServer server = TestServer.quick().withFiles();

    private OpenAIClient client;

    @AfterEach
    void disconnect() {
        client.close();
    }

    @Test
    void imagesComeBackWithUsageAndSeeds() throws IOException {
        ImagesResponse response = client.images()
                .generate(params("a red house")
                        .model("gpt-image-1")
                        .n(2)
                        .size("64x32")
                        .quality(ImageGenerateParams.Quality.HIGH)
                        .background(ImageGenerateParams.Background.AUTO)
                        .putAdditionalBodyProperty("user", JsonValue.from("ann"))
                        .putAdditionalBodyProperty("seed", JsonValue.from(7))
                        .build());

        List<Image> data = response.data().orElseThrow();
        assertThat(data, hasSize(2));
        byte[] file = Base64.getDecoder().decode(data.get(1).b64Json().orElseThrow());
        assertThat(ImageIO.read(new ByteArrayInputStream(file)).getWidth(), is(64));
        assertThat(data.get(1)._allProperties().get("seed"), is(JsonValue.from(8)));
        assertThat(response.created(), is(greaterThan(1_600_000_000L)));
        assertThat(response.usage().orElseThrow().totalTokens(), is(0L));
        assertThat(response.size().orElseThrow().asString(), is("64x32"));
        response.background().orElseThrow().validate();
        response.outputFormat().orElseThrow().validate();
        response.quality().orElseThrow().validate();
    }

    @Test
    void aStreamIsPartialImagesAndThenTheCompletedOne() {
        try (StreamResponse<ImageGenStreamEvent> stream = client.images()
                .generateStreaming(params("a red house").partialImages(2).build())) {
            List<ImageGenStreamEvent> events = stream.stream().toList();

            assertThat(
                    events.stream()
                            .map(event -> event.generationPartialImage()
                                    .map(partial -> "partial " + partial.partialImageIndex())
                                    .orElse("completed"))
                            .toList(),
                    contains("partial 0", "partial 1", "completed"));
            ImageGenCompletedEvent completed = events.getLast().asGenerationCompleted();
            assertThat(completed.usage().totalTokens(), is(0L));
            completed.quality().validate();
            completed.background().validate();
            assertThat(completed.b64Json().isEmpty(), is(false));
        }
    }

    @Test
    void modelsAreListedAndFound() {
        List<Model> models = client.models().list().data();

        assertThat(models.stream().map(Model::id).toList(), contains("fake"));
        assertThat(client.models().retrieve("fake").validate().ownedBy(), is("mobilediffusion"));
        NotFoundException unknown =
                assertThrows(NotFoundException.class, () -> client.models().retrieve("dall-e-3"));
        assertThat(unknown.code().orElseThrow(), is("model_not_found"));
    }

    @Test
    void refusalsArriveAsTheSdksOwnExceptions() {
        BadRequestException wrong = assertThrows(
                BadRequestException.class,
                () -> client.images().generate(params("a").n(11).build()));
        assertThat(wrong.param().orElseThrow(), is("n"));
        assertThat(wrong.type().orElseThrow(), is("invalid_request_error"));
        assertThat(wrong.getMessage(), containsString("n must be in [1, 10], got 11"));
        BadRequestException noImage = assertThrows(
                BadRequestException.class,
                () -> client.images()
                        .edit(ImageEditParams.builder()
                                .image(new byte[20_000])
                                .prompt("a hat")
                                .build()));
        assertThat(noImage.type().orElseThrow(), is("invalid_request_error"));
        assertThat(noImage.getMessage(), containsString("image"));
    }

    @Test
    void aFullQueueIsTheSdksRateLimit() throws InterruptedException {
        server.pipeline.hold();
        ImageGenerateParams one = params("a").build();
        List<CompletableFuture<ImagesResponse>> waiting = new ArrayList<>();
        waiting.add(client.async().images().generate(one));
        server.pipeline.awaitStart();
        while (server.queue().depth() < server.queue().capacity()) {
            waiting.add(client.async().images().generate(one));
            Thread.sleep(100);
        }

        RateLimitException full = assertThrows(
                RateLimitException.class,
                () -> client.withOptions(options -> options.maxRetries(0))
                        .images()
                        .generate(one));

        assertThat(full.code().orElseThrow(), is("rate_limit_exceeded"));
        assertThat(full.headers().values("Retry-After"), hasSize(1));
        server.pipeline.allow(100);
        waiting.forEach(CompletableFuture::join);
    }

    @BeforeEach
    void connect() {
        client = OpenAIOkHttpClient.builder()
                .apiKey("sk-anything")
                .baseUrl(server.url() + "/v1")
                .build();
    }

    private static ImageGenerateParams.Builder params(String prompt) {
        return ImageGenerateParams.builder().prompt(prompt);
    }
}
