package dev.mobilediffusion.server.upscale;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.image.ImageCodec;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.runtime.image.ResizeMode;
import dev.mobilediffusion.runtime.upscale.Upscalers;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.machine.ComputeTurns;
import dev.mobilediffusion.server.transport.PeerWatch;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Makes images larger, one at a time and in turn with those that are drawn: each takes tens of megabytes, and a network
 * all processors. Thread-safe.
 *
 * <pre>{@code
 * try (Enlarger.Turn turn = enlarger.enter(client)) {
 *     Image image = turn.read(file, "image");
 *     Image larger = turn.enlarge("Lanczos", image, 2 * image.width(), 2 * image.height(), "scale");
 * }
 * }</pre>
 */
public final class Enlarger {

    /** Of an image, before and after. */
    public static final int MAX_PIXELS = Upscalers.MAX_PIXELS;

    public static final int MAX_SCALE = 8;
    private static final double USUAL_SCALE = 2;

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Upscalers upscalers;
    private final Consumer<ClientId> admission;
    private final WaitingLine line = new WaitingLine();
    private final ComputeTurns turns;

    /**
     * @param turns that are taken with the worker that draws
     * @param admission counts a request of a client, and throws an {@link ApiException} when it had enough, or nothing may
     *     be enlarged now
     */
    public Enlarger(Upscalers upscalers, ComputeTurns turns, Consumer<ClientId> admission) {
        this.turns = turns;
        this.upscalers = upscalers;
        this.admission = admission;
    }

    /** Lanczos, then the networks, sorted. */
    public List<String> names() {
        return Stream.concat(Stream.of(Upscalers.LANCZOS), networks().stream()).toList();
    }

    /** The first network; Lanczos where there is none. */
    public String usual() {
        return guarded(upscalers::usual);
    }

    /**
     * The upscaler that a client means, whatever the case of its letters.
     *
     * @throws ApiException INVALID_REQUEST that names {@code field} and those there are
     */
    public String named(String name, String field) {
        return Optional.of(name)
                .filter(given -> !given.isEmpty())
                .flatMap(given -> guarded(() -> upscalers.named(given)))
                .orElseThrow(() -> ApiException.invalid(
                        field,
                        "%s must be one of %s, got \"%s\"",
                        field,
                        String.join(", ", names()),
                        name.length() <= 40 ? name : name.substring(0, 40) + "…"));
    }

    /** How many times as wide and high an image becomes, in [1, {@value #MAX_SCALE}]; 2 where it is absent. */
    public static double scale(OptionalDouble value, String field) {
        double scale = value.orElse(USUAL_SCALE);
        if (!(scale >= 1 && scale <= MAX_SCALE)) {
            throw ApiException.invalid(field, "%s must be in [1, %d], got %s", field, MAX_SCALE, scale);
        }
        return scale;
    }

    private List<String> networks() {
        return guarded(upscalers::networks);
    }

    /**
     * Waits for a turn; what runs in it ends when the client of this thread's request goes.
     *
     * @throws ApiException RATE_LIMIT_EXCEEDED when the client asks too often, too many wait, or others take too long
     */
    public Turn enter(ClientId client) {
        admission.accept(client);
        line.join(client);
        boolean entered = false;
        try {
            Turn turn = new Turn(client, awaitTurn());
            entered = true;
            return turn;
        } finally {
            if (!entered) {
                line.leave(client);
            }
        }
    }

    private ComputeTurns.Turn awaitTurn() {
        try {
            return turns.take(PATIENCE)
                    .orElseThrow(() -> ApiException.retry(
                            ErrorCode.RATE_LIMIT_EXCEEDED,
                            "others' pictures are being drawn or enlarged; the server takes one at a time",
                            PATIENCE));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.retry(ErrorCode.NOT_READY, "the server is stopping", PATIENCE);
        }
    }

    private static <T> T guarded(Supplier<T> work) {
        try {
            return work.get();
        } catch (InferenceException refused) {
            throw ApiException.of(refused);
        }
    }

    /** The right to work on images; for the thread that entered. Methods throw {@link ApiException}. */
    public final class Turn implements AutoCloseable {

        private final CancelToken cancel = new CancelToken();
        private final PeerWatch.Registration watch =
                PeerWatch.current().map(peer -> peer.onGone(cancel::cancel)).orElse(() -> {});

        private final ClientId client;

        private final ComputeTurns.Turn compute;

        private Turn(ClientId client, ComputeTurns.Turn compute) {
            this.client = client;
            this.compute = compute;
        }

        /** Ends what runs in this turn; on any thread. */
        public void cancel() {
            cancel.cancel();
        }

        /** @param field that the file came in */
        public RgbImage read(byte[] file, String field) {
            return guarded(() -> ImageFileReader.read(file, field, MAX_PIXELS).image());
        }

        /**
         * The image at {@code width} by {@code height} pixels.
         *
         * @param field that is to blame when these are out of bounds
         */
        public RgbImage enlarge(String upscaler, RgbImage image, long width, long height, String field) {
            if (width < 1 || height < 1 || width > MAX_PIXELS || height > MAX_PIXELS || width * height > MAX_PIXELS) {
                throw ApiException.invalid(
                        field, "%s must give 1 to %d pixels, got %d x %d", field, MAX_PIXELS, width, height);
            }
            return guarded(() -> upscalers.enlarge(upscaler, image, (int) width, (int) height, cancel));
        }

        /** The image's middle at {@code width} by {@code height} pixels, which are bounded as above. */
        public RgbImage cropped(RgbImage image, int width, int height) {
            return ResizeMode.CROP_AND_RESIZE.fit(image, width, height);
        }

        /** The image as a file without settings: nothing drew it. */
        public byte[] encode(RgbImage image, ImageFormat format, int quality) {
            GeneratedImage generated = new GeneratedImage(
                    image.width(), image.height(), image.rgb(), ImageRequest.of("", 0), StageTimings.NONE, List.of());
            return guarded(() -> ImageCodec.encode(generated, format, Math.max(1, quality), ""));
        }

        @Override
        public void close() {
            watch.close();
            compute.close();
            line.leave(client);
        }
    }
}
