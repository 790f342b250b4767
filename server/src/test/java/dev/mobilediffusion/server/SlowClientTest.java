package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.oneOf;
import static org.hamcrest.Matchers.startsWith;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that take their time, or send too much of what they send. */
final class SlowClientTest {

    @TempDir
    private Path folder;

    @Test
    void aRequestThatStopsHalfWayIsHungUpOn() throws Exception {
        try (TestServer server = start();
                Socket client = connect(server)) {
            send(client, "GET /v1/models HTTP/1.1\r\nHost: local");

            assertThat(hungUpWithin(client, Duration.ofSeconds(15)), is(true));
        }
    }

    @Test
    void aBodyThatDoesNotComeIsNotWaitedForEither() throws Exception {
        try (TestServer server = start();
                Socket client = connect(server)) {
            send(
                    client,
                    "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: 100\r\n\r\n{");

            assertThat(hungUpWithin(client, Duration.ofSeconds(15)), is(true));
        }
    }

    /** Every byte comes long before the idle timeout, and all of them would take hours. */
    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 60000\r\n", "Transfer-Encoding: chunked\r\n"})
    void aBodyThatTricklesInIsRefusedAndHoldsNothing(String framing) throws Exception {
        try (TestServer server = TestServer.start(folder, Map.of("body-timeout", "PT1S"));
                Socket client = connect(server)) {
            send(
                    client,
                    "POST /v1/images/edits HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + framing
                            + "\r\n");
            String piece = framing.startsWith("C") ? " " : "1\r\n \r\n";
            Thread trickle = Thread.startVirtualThread(() -> trickle(client, piece));
            client.setSoTimeout(15_000);

            String reply = new String(client.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);

            assertThat(reply, startsWith("HTTP/1.1 408"));
            assertThat(reply, containsString("the body must come within 1.0 s"));
            assertThat(reply, containsString("\"code\":\"request_timeout\""));
            client.close();
            trickle.join();
            given().contentType("application/json")
                    .body("{\"prompt\":\"a house\"}")
                    .post(server.url() + "/v1/images/generations")
                    .then()
                    .statusCode(200);
        }
    }

    @Test
    void headersThatTrickleInAreHungUpOnAndPausesBetweenRequestsAreNot() throws Exception {
        try (TestServer server = TestServer.start(folder, Map.of("body-timeout", "PT1S"));
                Socket client = connect(server)) {
            client.setSoTimeout(15_000);
            for (int i = 0; i < 2; i++) {
                send(client, "GET /v1/models/none HTTP/1.1\r\nHost: localhost\r\n\r\n");
                readReply(client);
                Thread.sleep(1_200);
            }
            send(client, "GET /v1/models/none HTTP/1.1\r\nHost: localhost\r\nX: ");
            Thread trickle = Thread.startVirtualThread(() -> trickle(client, "a"));

            assertThat(hungUpWithin(client, Duration.ofSeconds(15)), is(true));
            trickle.join();
        }
    }

    @Test
    void aFirstLineThatTricklesInIsHungUpOn() throws Exception {
        try (TestServer server = TestServer.start(folder, Map.of("body-timeout", "PT1S"));
                Socket client = connect(server)) {
            List<String> told = new CopyOnWriteArrayList<>();
            Logger log = Logger.getLogger("dev.mobilediffusion.server.transport.HeadClock");
            log.setFilter(record -> told.add(record.getMessage()));
            send(client, "GET /v1/models/");
            Thread trickle = Thread.startVirtualThread(() -> trickle(client, "a"));

            assertThat(hungUpWithin(client, Duration.ofSeconds(15)), is(true));
            trickle.join();
            TestFleet.await("the log does not say it", () -> told.size() == 1);
            assertThat(told.getFirst(), startsWith("status=408 peer="));
            log.setFilter(null);
        }
    }

    /** One whose length is told. */
    private static void readReply(Socket client) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) client.getInputStream().readNBytes(1)[0]);
        }
        Matcher length = Pattern.compile("(?i)content-length: (\\d+)").matcher(head);
        assertThat(head.toString(), length.find(), is(true));
        assertThat(client.getInputStream().readNBytes(Integer.parseInt(length.group(1))).length > 0, is(true));
    }

    private static void trickle(Socket client, String piece) {
        try {
            while (true) {
                send(client, piece);
                Thread.sleep(50);
            }
        } catch (IOException e) {
            // The server has hung up
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void oversizedHeadersAreRefusedAndTheServerGoesOn() throws Exception {
        try (TestServer server = start();
                Socket client = connect(server)) {
            send(client, "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(40_000) + "\r\n\r\n");
            client.setSoTimeout(15_000);
            String reply = new String(client.getInputStream().readNBytes(12), StandardCharsets.ISO_8859_1);
            assertThat(reply, is(oneOf("HTTP/1.1 400", "HTTP/1.1 413", "HTTP/1.1 431")));
            String rest = new String(client.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(rest, containsString("\"error\""));

            given().get(server.url() + "/v1/models").then().statusCode(200);
        }
    }

    private TestServer start() {
        return TestServer.start(folder, Map.of("idle-timeout", "PT1S"));
    }

    private static Socket connect(TestServer server) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), server.port());
    }

    private static void send(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        client.getOutputStream().flush();
    }

    private static boolean hungUpWithin(Socket client, Duration patience) throws IOException {
        client.setSoTimeout((int) patience.toMillis());
        try {
            client.getInputStream().readAllBytes();
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}
