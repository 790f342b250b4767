package dev.mobilediffusion.server.mcp;

import static dev.mobilediffusion.server.TestImages.base64;
import static dev.mobilediffusion.server.TestImages.noise;
import static dev.mobilediffusion.server.TestImages.transparentLeft;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.TestServer;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.RequestDraft;
import dev.mobilediffusion.server.upscale.Enlarger;
import io.modelcontextprotocol.spec.McpSchema;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every tool, called by the official SDK's client. */
final class ToolsTest {

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    private Assistant assistant;

    @BeforeEach
    void begin() {
        assistant = Assistant.of(server.url());
    }

    @AfterEach
    void end() {
        assistant.close();
    }

    @Test
    void aClientFindsTheToolsAndWhatTheServerIs() {
        assertThat(assistant.client().getServerInfo().name(), is("mobilediffusion"));
        assertThat(
                assistant.client().listTools().tools().stream()
                        .map(McpSchema.Tool::name)
                        .toList(),
                containsInAnyOrder("generate_image", "edit_image", "upscale_image", "list_models"));
    }

    @Test
    void theDescribedBoundsAreTheOnesThatHold() {
        JsonNode schema = new ObjectMapper()
                .valueToTree(assistant.client().listTools().tools().stream()
                        .filter(tool -> tool.name().equals("edit_image"))
                        .findFirst()
                        .orElseThrow()
                        .inputSchema());
        JsonNode fields = schema.path("properties");

        assertThat(fields.at("/steps/maximum").asInt(), is(ImageRequest.MAX_STEPS));
        assertThat(fields.at("/guidance_scale/maximum").asDouble(), is(ImageRequest.MAX_GUIDANCE_SCALE));
        assertThat(fields.at("/n/maximum").asInt(), is(JobSpec.MAX_COUNT));
        assertThat(fields.at("/prompt/maxLength").asInt(), is(RequestDraft.MAX_PROMPT_LENGTH));
        assertThat(
                new ObjectMapper().valueToTree(assistant.client().listTools()).toString(),
                containsString("at most " + Enlarger.MAX_PIXELS));
    }

    @Test
    void picturesComeBackAsImageContentWithTheirNamesAndSeeds() {
        McpSchema.CallToolResult result =
                assistant.call("generate_image", Map.of("prompt", "a red house", "seed", 7, "n", 2));

        assertThat(result.isError(), is(false));
        List<McpSchema.ImageContent> images = Assistant.images(result);
        assertThat(images, hasSize(2));
        assertThat(images.getFirst().mimeType(), is("image/png"));
        assertThat(TestImages.read(Assistant.bytes(images.getFirst())).getWidth(), is(FakePipeline.SIDE));
        assertThat(Assistant.texts(result), hasItem(containsString("/0: 16 x 16 pixels, seed 7, 4 steps")));
        assertThat(Assistant.texts(result), hasItem(containsString("/1: 16 x 16 pixels, seed 8")));
    }

    @Test
    void picturesComeInTheFormatThatWasAskedFor() {
        McpSchema.CallToolResult jpeg =
                assistant.call("generate_image", Map.of("prompt", "a house", "output_format", "jpeg"));

        McpSchema.ImageContent image = (McpSchema.ImageContent) jpeg.content().getFirst();
        assertThat(image.mimeType(), is("image/jpeg"));
        assertThat(image.data(), startsWith("/9j/"));
        McpSchema.CallToolResult webp =
                assistant.call("generate_image", Map.of("prompt", "a house", "output_format", "webp"));
        assertThat(webp.isError(), is(true));
        assertThat(
                ((McpSchema.TextContent) webp.content().getFirst()).text(),
                startsWith("output_format webp cannot be written here; ask for png or jpeg"));
    }

    @Test
    void aCallWithATokenIsToldOfItsProgress() throws Exception {
        assistant.callWithProgress("generate_image", Map.of("prompt", "a house", "n", 2), "mine");

        // The client hands them on by threads of its own, in any order
        List<String> messages = new ArrayList<>();
        while (!messages.contains("waiting in the queue") || !messages.contains("picture 2 of 2: done")) {
            McpSchema.ProgressNotification told = assistant.progress().poll(20, TimeUnit.SECONDS);
            assertThat(messages.toString(), told, is(notNullValue()));
            assertThat(told.progressToken(), is("mine"));
            assertThat(told.total(), is(2.0));
            messages.add(told.message());
        }
    }

    @Test
    void aPictureIsEditedByItsNameOrItsBytes() {
        String name = nameOf(assistant.call("generate_image", Map.of("prompt", "a house", "seed", 1)));
        server.pipeline.forget();

        McpSchema.CallToolResult byName = assistant.call(
                "edit_image",
                Map.of(
                        "image",
                        name,
                        "mask",
                        base64(transparentLeft(FakePipeline.SIDE, FakePipeline.SIDE)),
                        "prompt",
                        "a red house",
                        "strength",
                        0.4));
        McpSchema.CallToolResult byBytes = assistant.call(
                "edit_image", Map.of("image", base64(noise(16, 16)), "prompt", "a house", "strength", 0.4));

        assertThat(Assistant.images(byName), hasSize(1));
        assertThat(Assistant.images(byBytes), hasSize(1));
        for (ImageRequest request : server.pipeline.finished()) {
            assertThat(request.source().orElseThrow().strength(), is(0.4));
        }
        assertThat(server.pipeline.finished(), hasSize(2));
    }

    @Test
    void aPictureIsEnlargedByItsName() {
        String name = nameOf(assistant.call("generate_image", Map.of("prompt", "a house")));

        McpSchema.CallToolResult result = assistant.call("upscale_image", Map.of("image", name, "scale", 3));

        BufferedImage larger =
                TestImages.read(Assistant.bytes(Assistant.images(result).getFirst()));
        assertThat(larger.getWidth(), is(3 * FakePipeline.SIDE));
        assertThat(Assistant.texts(result), contains("48 x 48 pixels by Lanczos"));
    }

    @Test
    void modelsAreListedWithTheirWords() throws Exception {
        JsonNode list = new ObjectMapper()
                .readTree(
                        Assistant.texts(assistant.call("list_models", Map.of())).getFirst());

        assertThat(list.at("/models/0/model").asText(), is("fake"));
        assertThat(list.at("/models/0/default").asBoolean(), is(true));
        assertThat(list.at("/models/0/size").asText(), is("16x16"));
        assertThat(list.at("/models/0/known_words/buildings").asText(), is("house"));
        assertThat(list.at("/upscalers/0").asText(), is("Lanczos"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "generate_image|prompt||prompt must not be empty (invalid_request)",
                "generate_image|n|11|n must be in [1, 10], got 11 (invalid_request)",
                "generate_image|steps|many|steps must be a number, got \"many\" (invalid_request)",
                "edit_image|prompt|a|image is missing; it must be a PNG, JPEG or WebP file (invalid_request)",
                "edit_image|image|job_zzz/3|image must be the name of a picture that is still kept, got \"job_zzz/3\""
                        + " (not_found)",
                "upscale_image|prompt|a|image must be one PNG, JPEG or WebP file, got 0 of them (invalid_request)",
            })
    void wrongArgumentsAreToolErrorsThatNameFieldBoundAndValue(String tool, String field, String value, String text) {
        McpSchema.CallToolResult result = assistant.call(
                tool, field.equals("prompt") && value == null ? Map.of("prompt", "") : arguments(field, value));

        assertThat(result.isError(), is(true));
        assertThat(Assistant.texts(result), contains(text));
    }

    @Test
    void strengthOutOfBoundsIsNamed() {
        McpSchema.CallToolResult result =
                assistant.call("edit_image", Map.of("prompt", "a", "image", base64(noise(16, 16)), "strength", 1.5));

        assertThat(Assistant.texts(result), contains("strength must be in [0, 1], got 1.5 (invalid_request)"));
    }

    @Test
    void aModelThatFailsIsAToolError() {
        McpSchema.CallToolResult result = assistant.call("generate_image", Map.of("prompt", "boom"));

        assertThat(result.isError(), is(true));
        assertThat(Assistant.texts(result).getFirst(), startsWith("the model failed to draw this picture"));
    }

    private static Map<String, Object> arguments(String field, String value) {
        return field.equals("prompt") ? Map.of("prompt", value) : Map.of("prompt", "a house", field, value);
    }

    private static String nameOf(McpSchema.CallToolResult result) {
        String text = Assistant.texts(result).getFirst();
        return text.substring(0, text.indexOf(':'));
    }
}
