package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;

import com.google.protobuf.ByteString;
import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How control images come from requests to the model. What it does with them is tested with the runtime. */
final class ControlRequestsTest {

    private static final String GENERATIONS = "/v1/images/generations";
    private static final Path RESOURCES = Path.of("..", "runtime", "src", "test", "resources");
    private static final String LINES = TestImages.base64(TestImages.whiteLeft(40, 40));

    @TempDir
    private Path folder;

    private TestServer server;

    @BeforeEach
    void start() throws IOException {
        Path bundle = folder.resolve("models").resolve(FakePipeline.MODEL.name());
        copy("bundles/tiny-flow/unet/model.onnx", bundle.resolve("unet"));
        copy("goldens/control/adapter/control/lines/model.onnx", bundle.resolve("control/lines"));
        server = TestServer.start(folder, Map.of());
    }

    private static void copy(String model, Path into) throws IOException {
        Files.createDirectories(into);
        Files.copy(RESOURCES.resolve(model), into.resolve("model.onnx"));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void fieldsSayWhatIsFollowedAndHow() {
        post(
                        GENERATIONS,
                        "{\"prompt\":\"a boat\",\"control_image\":\"%s\",\"control_scale\":0.5,\"control\":\"lines\",\"control_preprocessor\":\"invert\"}"
                                .formatted(LINES))
                .then()
                .statusCode(200);

        ControlImage seen = seen();
        assertThat(seen.scale(), is(0.5));
        assertThat(seen.control(), is(Optional.of("lines")));
        assertThat(seen.preprocessor(), is(Optional.of(Preprocessor.INVERT)));
        assertThat(seen.image().width(), is(FakePipeline.MODEL.width()));
        assertThat("its left is white", seen.image().rgb()[0], is((byte) 255));
    }

    @Test
    void aFormBringsAFileAndTheRestHasDefaults() {
        given().baseUri(server.url())
                .multiPart("prompt", "a boat")
                .multiPart("control_image", "lines.png", TestImages.png(TestImages.whiteLeft(16, 16)), "image/png")
                .post("/v1/jobs")
                .then()
                .statusCode(202);

        while (server.pipeline.finished().isEmpty()) {
            Thread.onSpinWait();
        }
        assertThat(seen().scale(), is(1.0));
        assertThat(seen().control(), is(Optional.empty()));
        assertThat(seen().preprocessor(), is(Optional.empty()));
    }

    @Test
    void a1111sUnitsAreFollowed() {
        Response drawn = post(
                "/sdapi/v1/txt2img",
                "{\"prompt\":\"a boat\",\"alwayson_scripts\":{\"ControlNet\":{\"args\":[{\"enabled\":false,\"image\":\"x\"},{\"image\":{\"image\":\"%s\",\"mask\":null},\"module\":\"canny\",\"model\":\"control_v11p_sd15_canny [d14c016b]\",\"weight\":1.5,\"pixel_perfect\":true},{\"input_image\":\"%s\"}]}}}"
                        .formatted(LINES, LINES));

        drawn.then().statusCode(200);
        assertThat(seen().scale(), is(1.5));
        assertThat(seen().control(), is(Optional.of("lines")));
        assertThat(seen().preprocessor(), is(Optional.of(Preprocessor.EDGES)));
        assertThat(drawn.path("info").toString(), containsString("lines is used"));
    }

    @Test
    void aUnitWithoutAnImageFollowsImageToImages() {
        post(
                        "/sdapi/v1/img2img",
                        "{\"prompt\":\"a boat\",\"init_images\":[\"%s\"],\"alwayson_scripts\":{\"controlnet\":{\"args\":[{\"module\":\"none\",\"model\":\"lines\"}]}}}"
                                .formatted(LINES))
                .then()
                .statusCode(200);

        assertThat(seen().preprocessor(), is(Optional.of(Preprocessor.NONE)));
        assertThat(server.pipeline.finished().getFirst().source().isPresent(), is(true));
    }

    @Test
    void a1111sClientsFindModelsAndModules() {
        given().baseUri(server.url())
                .get("/controlnet/model_list")
                .then()
                .statusCode(200)
                .body("model_list", contains("lines"));
        given().baseUri(server.url())
                .get("/controlnet/module_list?alias_names=1")
                .then()
                .body("module_list", hasItem("canny"));
        given().baseUri(server.url()).get("/controlnet/version").then().body("version", is(3));
        given().baseUri(server.url()).get("/controlnet/detect").then().statusCode(404);
    }

    @Test
    void grpcHasThemToo() {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.grpcPort())
                .usePlaintext()
                .build();
        try {
            ImageGenerationGrpc.newBlockingStub(channel)
                    .generate(GenerateRequest.newBuilder()
                            .setPrompt("a boat")
                            .setControlImage(ByteString.copyFrom(TestImages.png(TestImages.whiteLeft(16, 16))))
                            .setControlScale(2)
                            .build())
                    .forEachRemaining(event -> {});
        } finally {
            channel.shutdownNow();
        }
        assertThat(seen().scale(), is(2.0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"control_image\":\"%s\",\"control_scale\":2.5|control_scale must be in [0, 2], got 2.5",
                "\"control_image\":\"%s\",\"control\":\"depth\"|control must be one that fake has (lines), got depth",
                "\"control_image\":\"%s\",\"control_preprocessor\":\"hed\"|control_preprocessor must be one of none,"
                        + " edges, invert, got hed",
                "\"control_image\":\"aGVsbG8=\"|control_image",
                "\"control_scale\":1|control_image is missing; control_scale says how it is followed",
            })
    void whatCannotBeFollowedIsRefused(String fields, String sentence) {
        String wanted = sentence.replace("fake", FakePipeline.MODEL.name());
        post(GENERATIONS, "{\"prompt\":\"a boat\"," + fields.replace("%s", LINES) + "}")
                .then()
                .statusCode(400)
                .body("error.message", containsString(wanted));
    }

    @Test
    void aModelThatFollowsNothingIsNamed() throws IOException {
        Path bundle = folder.resolve("models").resolve(FakePipeline.MODEL.name());
        Files.delete(bundle.resolve("control/lines/model.onnx"));
        post(GENERATIONS, "{\"prompt\":\"a boat\",\"control_image\":\"%s\"}".formatted(LINES))
                .then()
                .statusCode(400)
                .body("error.param", is("control_image"))
                .body(
                        "error.message",
                        is("control_image: the model %s follows no control images"
                                .formatted(FakePipeline.MODEL.name())));
    }

    private ControlImage seen() {
        return server.pipeline.finished().getFirst().control().orElseThrow();
    }

    private Response post(String path, String body) {
        return given().baseUri(server.url())
                .contentType(ContentType.JSON)
                .body(body)
                .post(path);
    }
}
