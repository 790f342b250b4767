package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.machine.FakeSys;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server on a board whose sensors are files of this test. */
@Timeout(120)
final class HeatTest {

    @TempDir
    private Path folder;

    private FakeSys sys;

    @BeforeEach
    void fakeSys() {
        sys = new FakeSys(folder.resolve("root")).zone(0, "cpu-thermal", 50_000).battery(90, "Discharging");
    }

    @Test
    void aHotDeviceRefusesUntilItHasCooled() throws InterruptedException {
        try (TestServer server = start()) {
            assertThat(draw(server).statusCode(), is(200));

            sys.zone(0, "cpu-thermal", 99_000);
            await(server, "hot");
            Response refused = draw(server);
            assertThat(refused.statusCode(), is(503));
            assertThat(refused.header("Retry-After"), is("60"));
            assertThat(refused.path("error.code"), is("device_too_hot"));
            assertThat(refused.path("error.message"), is("the device is too hot to draw (99 °C, limit 95 °C)"));
            given().contentType(ContentType.JSON)
                    .body(Map.of("prompt", "a red house"))
                    .post(server.url() + "/sdapi/v1/txt2img")
                    .then()
                    .statusCode(503);
            given().contentType(ContentType.JSON)
                    .body(Map.of("image", TestImages.base64(TestImages.noise(8, 8))))
                    .post(server.url() + "/v1/images/upscale")
                    .then()
                    .statusCode(503)
                    .header("Retry-After", "60")
                    .body("error.code", is("device_too_hot"));
            given().contentType(ContentType.JSON)
                    .body(Map.of("image", TestImages.base64(TestImages.noise(8, 8)), "upscaler_1", "Lanczos"))
                    .post(server.url() + "/sdapi/v1/extra-single-image")
                    .then()
                    .statusCode(503);
            assertThat(
                    metrics(server), containsString("mobilediffusion_rejections_total{reason=\"device_too_hot\"} 2.0"));
            given().get(server.url() + "/health/ready").then().statusCode(200);

            sys.zone(0, "cpu-thermal", 50_000);
            await(server, "normal");
            assertThat(draw(server).statusCode(), is(200));
        }
    }

    @Test
    void anEmptyBatteryRefusesUntilItIsCharged() throws InterruptedException {
        sys.battery(12, "Discharging");
        try (TestServer server = start()) {
            Response refused = draw(server);
            assertThat(refused.statusCode(), is(503));
            assertThat(refused.header("Retry-After"), is("600"));
            assertThat(refused.path("error.code"), is("battery_low"));

            sys.battery(12, "Charging");
            await(server, "normal");
            assertThat(draw(server).statusCode(), is(200));
        }
    }

    @Test
    void aServerThatRestsStopsWhenItIsTold() throws InterruptedException {
        sys.zone(0, "cpu-thermal", 85_000);
        try (TestServer server = start()) {
            assertThat(draw(server).statusCode(), is(200));
            sys.zone(0, "cpu-thermal", 99_000);
            await(server, "hot");
        } // waits for the worker, which rests until the device has cooled
    }

    @Test
    void aServerThatDrainsEnlargesNothingAnyMore() {
        try (TestServer server = start()) {
            server.queue().drain();

            given().contentType(ContentType.JSON)
                    .body(Map.of("image", TestImages.base64(TestImages.noise(8, 8))))
                    .post(server.url() + "/v1/images/upscale")
                    .then()
                    .statusCode(503)
                    .header("Retry-After", "10")
                    .body("error.message", is("the server is stopping"));
        }
    }

    @Test
    void modelsTellWhatComputesThem() {
        try (TestServer server = start()) {
            given().get(server.url() + "/v1/models/fake")
                    .then()
                    .statusCode(200)
                    .body("execution.provider", is("cpu"))
                    .body("execution.reason", is("a test's"))
                    .body("execution.threads", is(2))
                    .body("execution.networks.unet", is("cpu"))
                    .body("execution.onnxruntime", is("1.28.0"));
        }
    }

    @Test
    void theServerTellsWhatComputesAndHowWarmItIs() {
        sys.zone(0, "cpu-thermal", 48_250);
        try (TestServer server = start()) {
            given().get(server.url() + "/v1/server")
                    .then()
                    .statusCode(200)
                    .body("safety_checker", is("on"))
                    .body("grpc_port", is(server.server().grpcPort()))
                    .body("execution.provider", is("cpu"))
                    .body("execution.reason", is("a test's"))
                    .body("temperature_celsius.cpu-thermal", is(48.25f));
        }
    }

    private TestServer start() {
        return TestServer.start(
                TestServer.config(folder),
                FakePipeline.quick(),
                new FileEncoder(false),
                new Device(sys.machine(), TestServer.DEVICE.execution(), TestServer.DEVICE.options()));
    }

    private static Response draw(TestServer server) {
        return given().contentType(ContentType.JSON)
                .body(Map.of("prompt", "a red house"))
                .post(server.url() + "/v1/images/generations");
    }

    private static void await(TestServer server, String condition) throws InterruptedException {
        String line = "mobilediffusion_device_condition{condition=\"%s\"} 1.0".formatted(condition);
        while (!metrics(server).contains(line)) {
            Thread.sleep(50);
        }
    }

    private static String metrics(TestServer server) {
        return given().get(server.url() + "/metrics").asString();
    }
}
