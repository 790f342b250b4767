package dev.mobilediffusion.server.edge;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.anyOf;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import io.restassured.RestAssured;
import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests with random damage, the same ones in every run; {@code deploy/hostile/http1.py} sends a hundred thousand. */
final class MutatedRequestTest {

    private static final int COUNT = 3000;
    private static final String BODY = "{\"prompt\":7,\"seed\":1}";
    private static final String[] WHOLE = {
        "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /v1/models HTTP/1.0\r\n\r\n",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 21\r\n\r\n" + BODY,
        "POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n" + BODY
                + "\r\n0\r\n\r\n"
    };
    private static final String[] TOKENS = {
        "\r\n",
        "\n",
        "\0",
        " ",
        ":",
        ";",
        "%zz",
        "/../",
        "\u00ff",
        "HTTP/1.0",
        "HTTP/2.0",
        "\r\nContent-Length: -1",
        "\r\nContent-Length: 99999999999999999999",
        "\r\nTransfer-Encoding: chunked",
        "\r\nContent-Encoding: gzip",
        "\r\nHost: b",
        "ffffffff\r\n",
        "a".repeat(9000),
        "["
    };

    @TempDir
    private Path folder;

    @Test
    void noDamageMakesTheServerFailOrDraw() throws IOException {
        Random random = new Random(7);
        try (TestServer server = TestServer.start(folder, FakePipeline.quick())) {
            for (int i = 0; i < COUNT; i++) {
                String request = mutated(random);
                String reply = answer(server.port(), request);
                assertThat(request, reply, anyOf(is(""), startsWith("HTTP/1.1 "), startsWith("\25\3\3")));
                assertThat(request, reply, not(startsWith("HTTP/1.1 500")));
            }
            RestAssured.get(server.url() + "/health/ready").then().statusCode(200);
            assertThat(server.pipeline.finished(), hasSize(0));
        }
    }

    private static String mutated(Random random) {
        StringBuilder request = new StringBuilder(WHOLE[random.nextInt(WHOLE.length)]);
        for (int i = random.nextInt(4); i >= 0; i--) {
            int at = random.nextInt(request.length() + 1);
            int to = Math.min(request.length(), at + random.nextInt(20));
            switch (random.nextInt(4)) {
                case 0 -> request.insert(at, TOKENS[random.nextInt(TOKENS.length)]);
                case 1 -> request.replace(at, to, String.valueOf((char) random.nextInt(256)));
                case 2 -> request.delete(at, to);
                default -> request.append(WHOLE[random.nextInt(WHOLE.length)]);
            }
        }
        return request.toString();
    }

    private static String answer(int port, String request) throws IOException {
        try (RawClient client = RawClient.connect(port)) {
            client.sendAll(request);
            return client.readAll();
        } catch (SocketException reset) {
            return "";
        }
    }
}
