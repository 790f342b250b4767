package dev.mobilediffusion.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.JobImage;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.ServerResponse;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/** Replies that hold images: short ones in one piece, which is faster, long ones through a small buffer. */
public final class LongReply {

    private static final int SHORT_BYTES = 1 << 20;
    private static final int BUFFER_BYTES = 1 << 16;

    private LongReply() {}

    /** @param images that stand in {@code body} in base64 */
    public static void json(ServerResponse response, JsonNode body, List<JobImage> images) {
        withContents(response, body, images.stream().map(JobImage::content).toList());
    }

    /** As {@link #json}, of files that belong to no job. */
    public static void withContents(ServerResponse response, JsonNode body, List<ImageContent> contents) {
        contents.forEach(ImageContent::check); // a long reply that has begun cannot become an error
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        long bytes = contents.stream().mapToLong(ImageContent::size).sum();
        if (bytes <= SHORT_BYTES) {
            response.send(Json.bytes(body));
            return;
        }
        send(response, output -> Json.write(body, output));
    }

    /** The image itself from byte {@code first} on, {@code length} bytes of it; the headers are the caller's. */
    public static void image(ServerResponse response, ImageContent content, long first, long length) {
        if (length <= SHORT_BYTES && length == content.size()) {
            response.send(content.read());
            return;
        }
        response.header(HeaderNames.CONTENT_LENGTH, Long.toString(length));
        send(response, output -> copy(content, first, length, output));
    }

    private static void copy(ImageContent content, long first, long length, OutputStream output) throws IOException {
        byte[] piece = new byte[BUFFER_BYTES];
        try (InputStream input = content.open()) {
            input.skipNBytes(first);
            long left = length;
            while (left > 0) {
                int count = input.readNBytes(piece, 0, (int) Math.min(piece.length, left));
                if (count == 0) {
                    throw new IOException("a picture's file ended " + left + " bytes early");
                }
                output.write(piece, 0, count);
                left -= count;
            }
        }
    }

    /** Closes the stream when all went well alone: closing ends the reply as if it were whole. */
    private static void send(ServerResponse response, Body body) {
        try {
            OutputStream output = new BufferedOutputStream(response.outputStream(), BUFFER_BYTES);
            body.writeTo(output);
            output.close();
        } catch (IOException e) {
            throw new ServerConnectionException("a reply could not be written to its end", e);
        }
    }

    @FunctionalInterface
    private interface Body {
        void writeTo(OutputStream output) throws IOException;
    }
}
