package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.security.TlsException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.Test;

/** What a TLS port refuses, and what a plain port says to TLS. */
final class TlsRefusalTest extends TlsFixture {

    @Test
    void filesThatCannotBeUsedAreNamed() throws Exception {
        try (TestServer server = start(Map.of("tls", "true"))) {
            assertThat(server.server().certificate().isPresent(), is(true));
        }
        Path tls = TestServer.config(folder).data().resolve("tls");
        Path certificate = tls.resolve("server.pem");
        Path otherKey = tls.resolve("root-key.pem");
        Path text = Files.writeString(folder.resolve("text.pem"), "hello");

        assertThat(refusal(folder.resolve("none.pem"), otherKey), is("there is no file " + folder.resolve("none.pem")));
        assertThat(refusal(text, otherKey), is(text + " holds no certificate in PEM form"));
        assertThat(refusal(certificate, text), is(text + " holds no private key in PEM form"));
        assertThat(
                refusal(certificate, otherKey),
                is("the private key in %s is not that of the certificate in %s".formatted(otherKey, certificate)));
        Files.writeString(certificate, "hello");
        TlsException damaged = assertThrows(
                TlsException.class, () -> start(Map.of("tls", "true")).close());
        assertThat(damaged.getMessage(), is(certificate + " holds no certificate in PEM form"));
    }

    @Test
    void tlsToAPlainPortFailsAtOnceAndSaysSo() throws Exception {
        try (TestServer server = start(Map.of());
                SSLSocket client = (SSLSocket) SSLContext.getDefault()
                        .getSocketFactory()
                        .createSocket(InetAddress.getLoopbackAddress(), server.port())) {
            client.setSoTimeout(10_000);
            SSLException failure = assertThrows(SSLException.class, client::startHandshake);
            assertThat(failure.getMessage(), containsString("handshake_failure"));
        }
    }

    /** Of TLS 1.2's suites those with CBC fell to padding oracles. */
    @Test
    void suitesThatDoNotAuthenticateWhatTheyEncryptAreRefused() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsAnybody()}, null);
        try (TestServer server = start(Map.of("tls", "true"))) {
            for (String suite : context.getSupportedSSLParameters().getCipherSuites()) {
                if (suite.startsWith("TLS_ECDHE_") && suite.contains("_CBC_")) {
                    try (SSLSocket client = (SSLSocket)
                            context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.port())) {
                        client.setEnabledProtocols(new String[] {"TLSv1.2"});
                        client.setEnabledCipherSuites(new String[] {suite});
                        assertThrows(SSLException.class, client::startHandshake, suite);
                    }
                }
            }
        }
    }

    @Test
    void plainHttpToATlsPortEndsAtOnce() throws Exception {
        try (TestServer server = start(Map.of("tls", "true"));
                Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            client.setSoTimeout(10_000);
            client.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(rest(client), not(startsWith("HTTP/1.1 200")));
        }
    }

    private static String rest(Socket client) {
        try {
            return new String(client.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the server keeps a plain client waiting", e);
        } catch (IOException e) {
            return "reset";
        }
    }

    private String refusal(Path certificate, Path key) {
        Map<String, String> settings = new HashMap<>();
        settings.put("tls-certificate", certificate.toString());
        settings.put("tls-key", key.toString());
        return assertThrows(TlsException.class, () -> start(settings).close()).getMessage();
    }
}
