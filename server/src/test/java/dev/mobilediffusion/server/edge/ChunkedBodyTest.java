package dev.mobilediffusion.server.edge;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.TestServer;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies with {@code Transfer-Encoding: chunked}: read up to the limit, and refused where they are none. */
final class ChunkedBodyTest {

    private static final String PATH = "/v1/images/generations";

    @RegisterExtension
    private static final TestServer server = TestServer.quick();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2\r\n{}\r\n0\r\n\r\n",
                "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
                "2;note=\"a b\"\r\n{}\r\n000\r\nX-Checksum: 7\r\n\r\n"
            })
    void aBodyInChunksIsRead(String chunks) throws IOException {
        try (RawClient client = RawClient.connect(server.port())) {
            for (int i = 0; i < 2; i++) { // and the connection goes on after it
                client.send(RawClient.head(PATH, "Transfer-Encoding: chunked") + chunks);
                assertThat(client.readReply(), allOf(startsWith("HTTP/1.1 400"), containsString("prompt is missing")));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"20000\r\n", "7fffffff\r\n", "fff\r\n"})
    void aBodyInChunksThatGrowsTooLongIs413(String size) throws IOException {
        String reply = raw(
                RawClient.head(PATH, "Transfer-Encoding: chunked") + (size + "a".repeat(0xfff) + "\r\n").repeat(40));

        assertThat(reply, allOf(startsWith("HTTP/1.1 413"), containsString("at most 65536 bytes")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x\r\n", "-1\r\n", "\r\n", "2\n{}\n0\n\n", "ffffffffffffffff\r\n"})
    void chunksThatAreNoneAreRefusedAtOnce(String chunks) throws IOException {
        assertThat(raw(RawClient.head(PATH, "Transfer-Encoding: chunked") + chunks), startsWith("HTTP/1.1 400"));
    }

    @Test
    void aLineOfChunksWithoutEndFillsNoMemory() throws IOException {
        String reply = raw(RawClient.head(PATH, "Transfer-Encoding: chunked") + "1;" + "a".repeat(1 << 20));

        assertThat(reply, allOf(startsWith("HTTP/1.1 400"), containsString("too long")));
    }

    private static String raw(String request) throws IOException {
        return RawClient.exchange(server.port(), request);
    }
}
