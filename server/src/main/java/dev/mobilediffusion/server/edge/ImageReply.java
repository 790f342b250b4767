package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.wire.LongReply;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An image as the body of a reply, with its seed, warnings and timings in headers. */
public final class ImageReply {

    private static final HeaderName SEED = HeaderNames.create("X-Seed");
    private static final HeaderName JOB_ID = HeaderNames.create("X-Job-Id");
    private static final HeaderName WARNING = HeaderNames.create("X-Warning");
    private static final HeaderName SERVER_TIMING = HeaderNames.create("Server-Timing");
    private static final Pattern ONE_RANGE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

    private ImageReply() {}

    public static void send(ServerResponse response, Job job, JobImage image, List<String> warnings) {
        image.content().check();
        describe(response, job, image);
        if (!warnings.isEmpty()) {
            response.header(WARNING, printable(String.join("; ", warnings)));
        }
        LongReply.image(response, image.content(), 0, image.content().size());
    }

    /** As {@link #send}, but the client may have the image already, or want a part of it. */
    public static void sendStored(ServerRequest request, ServerResponse response, Job job, JobImage image) {
        String tag = "\"" + image.sha256() + "\"";
        boolean known = headers(request, HeaderNames.IF_NONE_MATCH).contains(tag)
                || headers(request, HeaderNames.IF_NONE_MATCH).strip().equals("*");
        if (!known) {
            image.content().check(); // before headers that let a cache keep the answer
        }
        response.header(HeaderNames.ETAG, tag);
        response.header(HeaderNames.CACHE_CONTROL, "private, max-age=31536000, immutable");
        response.header(HeaderNames.ACCEPT_RANGES, "bytes");
        if (known) {
            response.status(Status.NOT_MODIFIED_304).send();
            return;
        }
        describe(response, job, image);
        String condition = headers(request, HeaderNames.IF_RANGE);
        Matcher range = ONE_RANGE.matcher(headers(request, HeaderNames.RANGE));
        boolean partial = range.matches()
                && !(range.group(1).isEmpty() && range.group(2).isEmpty())
                && (condition.isEmpty() || condition.equals(tag));
        if (partial) {
            sendRange(response, image.content(), range.group(1), range.group(2));
        } else {
            LongReply.image(response, image.content(), 0, image.content().size());
        }
    }

    private static void sendRange(ServerResponse response, ImageContent content, String from, String to) {
        long size = content.size();
        long first = from.isEmpty() ? Math.max(0, size - Long.parseLong(to)) : Long.parseLong(from);
        long last = from.isEmpty() || to.isEmpty() ? size - 1 : Math.min(Long.parseLong(to), size - 1);
        if (first > last) {
            response.header(HeaderNames.CONTENT_RANGE, "bytes */" + size);
            throw ApiException.of(
                    ErrorCode.RANGE_NOT_SATISFIABLE,
                    "Range",
                    "the range must lie within the picture's %s bytes".formatted(size));
        }
        response.status(Status.PARTIAL_CONTENT_206);
        response.header(HeaderNames.CONTENT_RANGE, "bytes %s-%s/%s".formatted(first, last, size));
        LongReply.image(response, content, first, last + 1 - first);
    }

    private static void describe(ServerResponse response, Job job, JobImage image) {
        response.header(HeaderNames.CONTENT_TYPE, image.format().mediaType());
        response.header(SEED, Long.toString(image.seed()));
        response.header(JOB_ID, job.id());
        List<String> timings = new ArrayList<>();
        for (Map.Entry<Stage, Duration> stage :
                job.status().timings().durations().entrySet()) {
            timings.add(String.format(
                    Locale.ROOT,
                    "%s;dur=%.3f",
                    stage.getKey().label(),
                    stage.getValue().toNanos() / 1e6));
        }
        response.header(SERVER_TIMING, String.join(", ", timings));
    }

    private static String headers(ServerRequest request, HeaderName name) {
        return request.headers().contains(name)
                ? String.join(",", request.headers().get(name).allValues())
                : "";
    }

    /** Headers carry ASCII; what a warning quotes from a prompt may be anything. */
    private static String printable(String text) {
        return text.replaceAll("[^\\x20-\\x7e]", "?");
    }
}
