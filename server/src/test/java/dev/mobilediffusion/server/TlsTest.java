package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import dev.mobilediffusion.server.security.ServerCertificate;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;

/** Encrypted servers, and clients that take one for the other. */
final class TlsTest extends TlsFixture {

    @Test
    void aDeviceThatTrustsTheRootMayUseTheServer() throws Exception {
        try (TestServer server = start(Map.of("tls", "true"))) {
            assertThat(server.url(), startsWith("https://127.0.0.1:"));
            X509Certificate root = downloadedRoot(server);
            try (HttpClient client = trusting(root)) {
                assertThat(get(client, server.url() + "/v1/models").statusCode(), is(200));
                assertThat(
                        get(client, "https://localhost:" + server.port() + "/v1/models")
                                .statusCode(),
                        is(200));
                // Java's client offers HTTP/2, too
                assertThat(get(client, server.url() + "/v1/models").version(), is(HttpClient.Version.HTTP_1_1));
            }
            try (HttpClient stranger = HttpClient.newHttpClient()) {
                assertThrows(SSLException.class, () -> get(stranger, server.url() + "/v1/models"));
            }
        }
    }

    @Test
    void grpcIsEncryptedWithTheSameCertificate() throws Exception {
        try (TestServer server = start(Map.of("tls", "true"))) {
            ManagedChannel channel = NettyChannelBuilder.forAddress("localhost", server.grpcPort())
                    .sslContext(GrpcSslContexts.forClient()
                            .trustManager(downloadedRoot(server))
                            .build())
                    .build();
            try {
                assertThat(
                        ImageGenerationGrpc.newBlockingStub(channel)
                                .withDeadlineAfter(Duration.ofSeconds(20))
                                .listModels(ListModelsRequest.getDefaultInstance())
                                .getModelsCount(),
                        is(1));
            } finally {
                channel.shutdownNow();
            }
        }
    }

    @Test
    void theNextStartShowsTheSameCertificate() throws Exception {
        String first;
        try (TestServer server = start(Map.of("tls", "true"))) {
            first = ServerCertificate.fingerprint(
                    server.server().certificate().orElseThrow().chain().getFirst());
        }
        for (String name : new String[] {"root-key.pem", "server-key.pem"}) {
            Path key = TestServer.config(folder).data().resolve("tls").resolve(name);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)), is("rw-------"));
        }
        try (TestServer server = start(Map.of("tls", "true"))) {
            assertThat(
                    ServerCertificate.fingerprint(
                            server.server().certificate().orElseThrow().chain().getFirst()),
                    is(first));
        }
    }

    @Test
    void anotherNameMakesAnotherCertificateOfTheSameRoot() throws Exception {
        X509Certificate root;
        try (TestServer server = start(Map.of("tls", "true", "allowed-hosts", "pics.local"))) {
            root = downloadedRoot(server);
        }
        try (TestServer server = start(Map.of("tls", "true", "allowed-hosts", "other.local"));
                HttpClient client = trusting(root)) {
            assertThat(downloadedRoot(server), is(root));
            assertThat(get(client, server.url() + "/v1/models").statusCode(), is(200));
            assertThat(
                    server.server()
                            .certificate()
                            .orElseThrow()
                            .chain()
                            .getFirst()
                            .getSubjectAlternativeNames()
                            .toString(),
                    containsString("other.local"));
        }
    }

    @Test
    void theOwnersFilesAreUsed() throws Exception {
        ServerCertificate made;
        try (TestServer server = start(Map.of("tls", "true"))) {
            made = server.server().certificate().orElseThrow();
        }
        Path tls = TestServer.config(folder).data().resolve("tls");
        Map<String, String> files = Map.of(
                "tls-certificate", tls.resolve("server.pem").toString(),
                "tls-key", tls.resolve("server-key.pem").toString());
        try (TestServer server = start(files);
                HttpClient client = trusting(made.root().orElseThrow())) {
            assertThat(get(client, server.url() + "/v1/models").statusCode(), is(200));
            assertThat(
                    "whose root is its owner's matter",
                    get(client, server.url() + "/ca.pem").statusCode(),
                    is(404));
        }
    }

    /** As a device gets it: without trusting anybody yet, and comparing the fingerprint by eye. */
    private static X509Certificate downloadedRoot(TestServer server) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsAnybody()}, null);
        try (HttpClient client = HttpClient.newBuilder().sslContext(context).build()) {
            HttpResponse<String> reply = get(client, "https://localhost:" + server.port() + "/ca.pem");
            assertThat(reply.statusCode(), is(200));
            assertThat(reply.headers().firstValue("Content-Type").orElse(""), is("application/x-x509-ca-cert"));
            X509Certificate root = (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(reply.body().getBytes(StandardCharsets.US_ASCII)));
            assertThat(
                    root, is(server.server().certificate().orElseThrow().root().orElseThrow()));
            return root;
        }
    }

    private static HttpClient trusting(X509Certificate root) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("root", root);
        TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return HttpClient.newBuilder().sslContext(context).build();
    }

    private static HttpResponse<String> get(HttpClient client, String url) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(20))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
