package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.util.Optional;

/**
 * The upload that was read last: admission reads every file to see whether it is an image, and the worker needs it a
 * moment later, for each of a job's images. Small ones alone, so that what is kept is at most a few megabytes. Thread-safe.
 */
final class LastRead {

    private static final int MAX_PIXELS = 1 << 20;

    private static volatile Optional<Kept> last = Optional.empty();

    private record Kept(String sha256, ImageFileReader.Read read) {}

    private LastRead() {}

    /** @param field what messages call the image */
    static ImageFileReader.Read of(Upload upload, String field) {
        Optional<ImageFileReader.Read> kept =
                last.filter(one -> one.sha256().equals(upload.sha256())).map(Kept::read);
        if (kept.isPresent()) {
            return kept.get();
        }
        ImageFileReader.Read read = ImageFileReader.read(upload.content().read(), field, Source.MAX_PIXELS);
        if (read.image().width() * read.image().height() <= MAX_PIXELS) {
            last = Optional.of(new Kept(upload.sha256(), read));
        }
        return read;
    }
}
