package dev.mobilediffusion.server.grpc;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import dev.mobilediffusion.server.TestServer;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Frames and header blocks that no client should send, before any key is asked: the server serves on, and nothing spins. */
final class HostileFramesTest {

    private static final int CASES = 1_500;
    private static final Duration QUIET = Duration.ofSeconds(1);

    /** Dynamic table size update to 0, then a literal to be remembered in that table: it stopped Helidon 4.5.0. */
    private static final byte[] TABLE_OF_NOTHING = {
        0x20, (byte) 0x83, (byte) 0x86, 0x44, 1, '/', 0x41, 9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't'
    };

    @RegisterExtension
    private final TestServer server = TestServer.quick();

    @Test
    void fiftyNineBytesStopNothing() throws Exception {
        for (int port : new int[] {server.grpcPort(), server.port()}) {
            for (int i = 0; i < 4; i++) {
                send(port, frame(RawHttp2.HEADERS, 5, TABLE_OF_NOTHING));
            }
        }
        assertServesAndIsQuiet();
    }

    @Test
    void mutatedFramesStopNothing() throws Exception {
        Random random = new Random(7);
        List<byte[]> seeds = List.of(
                frame(RawHttp2.HEADERS, 5, TABLE_OF_NOTHING),
                frame(RawHttp2.HEADERS, 4, call()),
                frame(RawHttp2.HEADERS, 0, call()),
                frame(RawHttp2.SETTINGS, 0, new byte[] {0, 1, 0, 0, 0, 0, 0, 4, 0x7F, -1, -1, -1}),
                frame(RawHttp2.DATA, 1, new byte[5]),
                frame(RawHttp2.WINDOW_UPDATE, 0, new byte[] {0x7F, -1, -1, -1}));
        for (int i = 0; i < CASES; i++) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int frames = 1 + random.nextInt(3); frames > 0; frames--) {
                bytes.writeBytes(mutated(seeds.get(random.nextInt(seeds.size())), random));
            }
            send(i % 5 == 0 ? server.port() : server.grpcPort(), bytes.toByteArray());
        }
        assertServesAndIsQuiet();
    }

    private void assertServesAndIsQuiet() throws Exception {
        given().get(server.url() + "/health/live").then().statusCode(200);
        ManagedChannel channel = GrpcFixture.channel(server.grpcPort());
        try {
            assertThat(
                    HealthGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(Duration.ofSeconds(20))
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus(),
                    is(ServingStatus.SERVING));
        } finally {
            channel.shutdownNow();
        }
        Thread.sleep(QUIET); // for what is still in hand
        long before = busyNanos();
        Thread.sleep(QUIET);
        // A thread that spins takes all of the time, or as much as other programs leave it; a quiet server next to none
        assertThat(busyNanos() - before, is(lessThan(QUIET.toNanos() / 4)));
    }

    /** Of all platform threads but this one; virtual ones run on some of them. The compilers' are not among them. */
    private static long busyNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (long id : threads.getAllThreadIds()) {
            if (id != Thread.currentThread().threadId()) {
                sum += Math.max(0, threads.getThreadCpuTime(id));
            }
        }
        return sum;
    }

    private static void send(int port, byte[] frames) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream()
                    .write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().write(frames);
        } catch (java.net.SocketException e) {
            // The server has hung up before the end, as it may; that it does so for no other reason is asserted at the
            // end
            assertThat(accepts(port), is(true));
        }
    }

    private static boolean accepts(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        }
    }

    private static byte[] frame(int type, int flags, byte[] payload) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(
                new byte[] {0, (byte) (payload.length >> 8), (byte) payload.length, (byte) type, (byte) flags});
        bytes.writeBytes(new byte[] {0, 0, 0, (byte) (type == RawHttp2.SETTINGS ? 0 : 1)});
        bytes.writeBytes(payload);
        return bytes.toByteArray();
    }

    /** Headers of a call whose pseudo-headers have their names spelled out, as gRPC's C core sends them. */
    private static byte[] call() {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        String[] headers = {
            ":method",
            "POST",
            ":scheme",
            "http",
            ":path",
            "/grpc.health.v1.Health/Check",
            ":authority",
            "localhost",
            "content-type",
            "application/grpc",
            "te",
            "trailers"
        };
        for (int i = 0; i < headers.length; i += 2) {
            block.write(0x40);
            for (String text : List.of(headers[i], headers[i + 1])) {
                block.write(text.length());
                block.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
            }
        }
        return block.toByteArray();
    }

    private static byte[] mutated(byte[] seed, Random random) {
        byte[] bytes = seed.clone();
        for (int changes = random.nextInt(4); changes > 0; changes--) {
            int at = random.nextInt(bytes.length);
            bytes[at] = (byte) (random.nextBoolean() ? bytes[at] ^ 1 << random.nextInt(8) : random.nextInt(256));
        }
        return bytes;
    }
}
