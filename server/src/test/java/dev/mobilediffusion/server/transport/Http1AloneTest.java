package dev.mobilediffusion.server.transport;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HTTP/2 is spoken at gRPC's port alone: whichever way a client asks for it at HTTP's, it does not get it. */
final class Http1AloneTest {

    private static final String REQUEST = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n";

    @TempDir
    private Path folder;

    @Test
    void aClientThatTakesHttp2ForGrantedIsToldWhereGrpcIs() throws Exception {
        try (TestServer server = TestServer.start(folder, FakePipeline.quick());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            String reply = exchange(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");

            assertThat(reply.charAt(3), is((char) 4)); // SETTINGS come first
            assertThat(reply.charAt(9 + 3), is((char) 7)); // then GOAWAY
            assertThat(reply.charAt(9 + 9 + 7), is((char) 0xD)); // because of HTTP_1_1_REQUIRED
            assertThat(reply, containsString("gRPC is served at port " + server.grpcPort()));
        }
    }

    @Test
    void anOfferToUpgradeIsNotTaken() throws Exception {
        try (TestServer server = TestServer.start(folder, FakePipeline.quick());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            String reply = exchange(
                    client,
                    REQUEST
                            + "Connection: Upgrade, HTTP2-Settings\r\n"
                            + "Upgrade: h2c\r\n"
                            + "HTTP2-Settings: AAMAAABk\r\n\r\n");

            assertThat(reply, startsWith("HTTP/1.1 200"));
        }
    }

    @Test
    void tlsAgreesOnHttp1OrOnNothing() throws Exception {
        try (TestServer server = TestServer.start(folder, Map.of("tls", "true"))) {
            try (SSLSocket client = offering(server.port(), "h2", "http/1.1")) {
                client.startHandshake();
                assertThat(client.getApplicationProtocol(), is("http/1.1"));
                assertThat(exchange(client, REQUEST + "\r\n"), startsWith("HTTP/1.1 200"));
            }
            try (SSLSocket client = offering(server.port(), "h2")) {
                assertThat(
                        assertThrows(SSLException.class, client::startHandshake).getMessage(),
                        containsString("no_application_protocol"));
            }
            try (SSLSocket client = offering(server.grpcPort(), "h2", "http/1.1")) {
                client.startHandshake();
                assertThat(client.getApplicationProtocol(), is("h2"));
            }
        }
    }

    /** What comes back at once, as one letter per byte. */
    private static String exchange(Socket client, String request) throws IOException {
        client.setSoTimeout(20_000);
        client.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        client.getOutputStream().flush();
        InputStream input = client.getInputStream();
        byte[] reply = new byte[4096];
        int length = input.read(reply);
        assertThat("the server answers", length > 0, is(true));
        return new String(reply, 0, length, StandardCharsets.ISO_8859_1);
    }

    private static SSLSocket offering(int port, String... protocols) throws IOException, GeneralSecurityException {
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, new TrustManager[] {new Trusting()}, null);
        SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(protocols);
        socket.setSSLParameters(parameters);
        return socket;
    }

    /** What is asked here is which protocol is chosen, not who speaks it. */
    private static final class Trusting implements X509TrustManager {

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
