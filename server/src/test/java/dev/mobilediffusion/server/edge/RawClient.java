package dev.mobilediffusion.server.edge;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A client that sends what it likes, and hangs up when it likes. */
public final class RawClient implements AutoCloseable {

    private static final int PATIENCE_MILLIS = 20_000;

    private final Socket socket;

    private RawClient(Socket socket) {
        this.socket = socket;
    }

    public static RawClient connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(PATIENCE_MILLIS);
        return new RawClient(socket);
    }

    static String post(String path, String body) {
        return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    /** The request's line and headers, for a JSON body that is framed as {@code framing} says. */
    static String head(String path, String framing) {
        return String.join(
                "\r\n", "POST " + path + " HTTP/1.1", "Host: x", "Content-Type: application/json", framing, "", "");
    }

    /** Sends {@code request} by a connection of its own, and returns the reply. */
    static String exchange(int port, String request) throws IOException {
        try (RawClient client = connect(port)) {
            client.send(request);
            return client.readReply();
        }
    }

    public void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    /** Sends {@code text}, and says that nothing more will come. */
    void sendAll(String text) throws IOException {
        send(text);
        socket.shutdownOutput();
    }

    /** The status line, the headers and as much of the body as they promise. */
    String readReply() throws IOException {
        ByteArrayOutputStream reply = new ByteArrayOutputStream();
        InputStream input = socket.getInputStream();
        while (!isComplete(reply.toString(StandardCharsets.ISO_8859_1))) {
            int next = read(input);
            if (next < 0) {
                break;
            }
            reply.write(next);
        }
        return reply.toString(StandardCharsets.ISO_8859_1);
    }

    /** Reads until the server closes. */
    String readAll() throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    /** Reads until {@code text} has come. */
    public String readUntil(String text) throws IOException {
        StringBuilder read = new StringBuilder();
        while (read.indexOf(text) < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new IOException("the server hung up after: " + read);
            }
            read.append((char) next);
        }
        return read.toString();
    }

    /** Hangs up, with a FIN or, when {@code abruptly}, with a reset. */
    void hangUp(boolean abruptly) throws IOException {
        if (abruptly) {
            socket.setSoLinger(true, 0);
        }
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** A reset after the reply counts as its end. */
    private static int read(InputStream input) throws IOException {
        try {
            return input.read();
        } catch (SocketException e) {
            return -1;
        }
    }

    private static boolean isComplete(String reply) {
        int end = reply.indexOf("\r\n\r\n");
        if (end < 0) {
            return false;
        }
        String head = reply.substring(0, end).toLowerCase(Locale.ROOT);
        int length = head.indexOf("content-length: ");
        if (length < 0) {
            return false;
        }
        String number = head.substring(length + 16).split("\\D", 2)[0];
        return reply.length() >= end + 4 + Integer.parseInt(number);
    }
}
