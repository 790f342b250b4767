package dev.mobilediffusion.server.grpc;

import com.google.protobuf.Message;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;

/** An HTTP/2 client that sends whatever a test wants, for what a well-behaved library does at rare moments only. */
final class RawHttp2 implements AutoCloseable {

    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int END_STREAM = 1;

    private static final int END_HEADERS = 4;
    private static final int CANCEL = 8;
    private static final byte[] PING = {0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};

    private final Socket socket;
    private final DataOutputStream output;
    private final DataInputStream input;

    private RawHttp2(Socket socket) throws IOException {
        this.socket = socket;
        this.output = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
        this.input = new DataInputStream(socket.getInputStream());
    }

    /** A frame from the server. */
    record Frame(int type, int flags, int stream, byte[] payload) {

        boolean endsStream() {
            return type == RST_STREAM || ((flags & END_STREAM) != 0 && type <= HEADERS);
        }
    }

    static RawHttp2 connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        RawHttp2 client = new RawHttp2(socket);
        client.output.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        client.frame(SETTINGS, 0, 0, new byte[0]);
        return client;
    }

    /** A whole call to a method of ours. */
    void call(int stream, String method, Message request) throws IOException {
        headers(stream, method, Map.of());
        message(stream, request);
    }

    void headers(int stream, String method, Map<String, String> metadata) throws IOException {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        // Pseudo-headers by their index in the static table: RFC 7541, appendix A
        block.write(0x80 | 3); // :method POST
        block.write(0x80 | 6); // :scheme http
        block.write(4); // :path
        text(block, "/" + ImageGenerationGrpc.SERVICE_NAME + "/" + method);
        block.write(1); // :authority
        text(block, "test");
        literal(block, "content-type", "application/grpc");
        literal(block, "te", "trailers");
        metadata.forEach((name, value) -> literal(block, name, value));
        frame(HEADERS, END_HEADERS, stream, block.toByteArray());
    }

    void message(int stream, Message request) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(body);
        data.writeByte(0); // not compressed
        data.writeInt(request.getSerializedSize());
        request.writeTo(data);
        frame(DATA, END_STREAM, stream, body.toByteArray());
    }

    /** A message that says it is compressed, with nothing in it. */
    void unreadable(int stream) throws IOException {
        data(stream, END_STREAM, new byte[] {1, 0, 0, 0, 0});
    }

    /** As {@link #unreadable}, with more to come on its stream. */
    void unreadableBeginning(int stream) throws IOException {
        data(stream, 0, new byte[] {1, 0, 0, 0, 0});
    }

    void data(int stream, int flags, byte[] payload) throws IOException {
        frame(DATA, flags, stream, payload);
    }

    void widen(int stream, int bytes) throws IOException {
        frame(WINDOW_UPDATE, 0, stream, ByteBuffer.allocate(4).putInt(bytes).array());
    }

    void reset(int stream) throws IOException {
        frame(RST_STREAM, 0, stream, new byte[] {0, 0, 0, CANCEL});
    }

    /** Sends nothing, in a frame that arrives in two parts. */
    void slowPing() throws IOException, InterruptedException {
        output.write(PING, 0, 5);
        output.flush();
        Thread.sleep(20);
        output.write(PING, 5, PING.length - 5);
        output.flush();
    }

    /** The next frame of {@code stream}; fails when the server ends the connection first. */
    Frame await(int stream) throws IOException {
        while (true) {
            Frame frame = read();
            if (frame.type() == GOAWAY) {
                throw new AssertionError(
                        "the server ended the connection: " + HexFormat.of().formatHex(frame.payload()));
            }
            if (frame.stream() == stream) {
                return frame;
            }
        }
    }

    /** Reads on to the frame that ends {@code stream}. */
    Frame awaitEnd(int stream) throws IOException {
        Frame frame = await(stream);
        while (!frame.endsStream()) {
            frame = await(stream);
        }
        return frame;
    }

    /** Leaves without a word to the protocol. */
    @Override
    public void close() throws IOException {
        socket.close();
    }

    private Frame read() throws IOException {
        int length = input.readUnsignedByte() << 16 | input.readUnsignedShort();
        int type = input.readUnsignedByte();
        int flags = input.readUnsignedByte();
        int stream = input.readInt() & Integer.MAX_VALUE;
        return new Frame(type, flags, stream, input.readNBytes(length));
    }

    private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(bytes);
        data.writeByte(payload.length >> 16);
        data.writeShort(payload.length);
        data.writeByte(type);
        data.writeByte(flags);
        data.writeInt(stream);
        data.write(payload);
        output.write(bytes.toByteArray());
        output.flush();
    }

    /** Literal header field without indexing: RFC 7541, section 6.2.2. */
    private static void literal(ByteArrayOutputStream block, String name, String value) {
        block.write(0);
        text(block, name);
        text(block, value);
    }

    /** Without Huffman's code, and shorter than 127 letters. */
    private static void text(ByteArrayOutputStream block, String text) {
        block.write(text.length());
        block.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
}
