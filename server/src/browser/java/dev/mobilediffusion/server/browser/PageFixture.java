package dev.mobilediffusion.server.browser;

import static io.restassured.RestAssured.given;

import dev.mobilediffusion.runtime.image.ImageCodec;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.runtime.image.Infotext;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.TestServer;
import dev.mobilediffusion.server.worker.ImageEncoder;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** One browser for a class, a server for each test; another port is another origin, so nothing is remembered. */
abstract class PageFixture {

    private static final ImageEncoder REAL = (image, model, format, quality, metadata) -> ImageCodec.encode(
            image,
            format == ImageFormat.JPEG ? ImageFormat.JPEG : ImageFormat.PNG,
            Math.max(1, quality),
            Infotext.of(image, model));

    static Browser browser;

    @TempDir
    Path folder;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @BeforeAll
    static void startBrowser() {
        browser = Browser.start();
    }

    @AfterAll
    static void stopBrowser() {
        browser.close();
    }

    @AfterEach
    void closeAll() throws Exception {
        browser.open("about:blank"); // or it would go on asking
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
        browser.asDesktop(1280, 900);
        browser.prefer("prefers-color-scheme", "light");
    }

    <T extends AutoCloseable> T closedLater(T resource) {
        opened.push(resource);
        return resource;
    }

    TestServer serve(FakePipeline pipeline) {
        return serve(TestServer.config(folder), pipeline);
    }

    TestServer serve(ServerConfig config, FakePipeline pipeline) {
        return closedLater(TestServer.start(config, pipeline, REAL));
    }

    /** A server whose page is open and has heard of the models. */
    TestServer open(FakePipeline pipeline) {
        TestServer server = serve(pipeline);
        open(server.url());
        return server;
    }

    void open(String url) {
        browser.open(url);
        browser.awaitCount("#model option", 1);
    }

    void draw(String prompt) {
        browser.awaitCount("#draw:enabled", 1);
        browser.fill("#prompt", prompt);
        browser.click("#draw");
    }

    /** Turns live mode on, as soon as it is offered. */
    void goLive() {
        browser.await(() -> "live mode", () -> browser.shows("#live:enabled"));
        browser.click("#live");
    }

    void openSettings() {
        browser.click("#settings summary");
    }

    /** The job that the page watches. */
    String pendingJob() {
        String script = "return JSON.parse(localStorage.getItem('mobilediffusion.pending'))?.id ?? ''";
        browser.await(() -> "a job in work", () -> !browser.run(script).equals(""));
        return (String) browser.run(script);
    }

    static ValidatableResponse job(TestServer server, String id) {
        return given().get(server.url() + "/v1/jobs/" + id).then().statusCode(200);
    }

    /** Somebody else's job, and its id. */
    static String submit(TestServer server, String prompt) {
        return given().contentType(ContentType.JSON)
                .body(Map.of("prompt", prompt))
                .post(server.url() + "/v1/jobs")
                .then()
                .statusCode(202)
                .extract()
                .path("id");
    }
}
