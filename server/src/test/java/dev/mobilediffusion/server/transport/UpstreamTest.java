package dev.mobilediffusion.server.transport;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What Helidon does by itself, without any class of this package. A test here that fails with a newer Helidon says that a
 * workaround, named in the test, can go.
 */
final class UpstreamTest {

    private static final int SILENCE_MILLIS = 700;

    private WebServer server;

    @AfterEach
    void stop() {
        server.stop();
    }

    /** {@link PeerWatch}. */
    @Test
    void aHandlerIsNotToldThatItsClientHasGone() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        start((request, response) -> {
            started.countDown();
            try {
                Thread.sleep(SILENCE_MILLIS);
                told.complete(false);
            } catch (InterruptedException e) {
                told.complete(true);
            }
            response.send("done");
        });
        try (Socket client = connect()) {
            send(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(started.await(20, TimeUnit.SECONDS), is(true));
        }
        assertThat(told.get(20, TimeUnit.SECONDS), is(false));
    }

    /** {@link TlsHelloSelector}. */
    @Test
    void aClientThatSpeaksTlsToAPlainPortIsNotToldSoInTls() throws Exception {
        start((request, response) -> response.send("done"));
        assertThat(reply("\u0016\u0003\u0001\0\u0005hello\r\n\r\n"), not(startsWith("\u0015")));
    }

    /** {@link Http2PrefaceSelector}. */
    @Test
    void aClientThatSpeaksHttp2IsNotToldSoInHttp2() throws Exception {
        start((request, response) -> response.send("done"));
        String reply = reply("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
        assertThat(reply.length() > 3 && reply.charAt(3) == 4, is(false));
    }

    /** {@link OldRequest}. */
    @Test
    void requestsOfHttp10AreNotAnswered() throws Exception {
        start((request, response) -> response.send("done"));
        assertThat(reply("GET / HTTP/1.0\r\nHost: x\r\n\r\n"), not(startsWith("HTTP/1.0 200")));
    }

    /** {@link ReplyForm}. */
    @Test
    void bodiesAreSentToHead() throws Exception {
        start((request, response) -> response.send("done"));
        assertThat(reply("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").endsWith("done"), is(true));
    }

    /** {@link Exchange}. */
    @Test
    void connectionsThatAreToBeClosedStayOpen() throws Exception {
        start((request, response) -> response.send("done"));
        try (Socket client = connect()) {
            client.setSoTimeout(SILENCE_MILLIS);
            send(client, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            assertThat(readToSilence(client.getInputStream()).stillOpen(), is(true));
        }
    }

    private void start(Handler handler) {
        server = WebServer.builder()
                .host("127.0.0.1")
                .port(0)
                .shutdownHook(false)
                .addRouting(HttpRouting.builder().any(handler))
                .build()
                .start();
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), server.port());
    }

    private String reply(String request) throws IOException {
        try (Socket client = connect()) {
            client.setSoTimeout(SILENCE_MILLIS);
            send(client, request);
            return readToSilence(client.getInputStream()).text();
        }
    }

    private static void send(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        client.getOutputStream().flush();
    }

    private record Reply(String text, boolean stillOpen) {}

    private static Reply readToSilence(InputStream input) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            for (int next = input.read(); next >= 0; next = input.read()) {
                bytes.write(next);
            }
            return new Reply(bytes.toString(StandardCharsets.ISO_8859_1), false);
        } catch (SocketTimeoutException e) {
            return new Reply(bytes.toString(StandardCharsets.ISO_8859_1), true);
        } catch (SocketException e) {
            return new Reply(bytes.toString(StandardCharsets.ISO_8859_1), false);
        }
    }
}
