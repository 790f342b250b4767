package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.RuntimeOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * What loaded models may take.
 *
 * @param profile what memory is spent on
 * @param bytes of all loaded models together; 0 for {@value #SHARE_PERCENT} % of what is free when the server starts
 * @param unloadAfter time without an image after which a model other than the default one is unloaded, positive
 */
public record ModelMemory(RuntimeOptions.MemoryProfile profile, long bytes, Duration unloadAfter) {

    public static final ModelMemory DEFAULT =
            new ModelMemory(RuntimeOptions.MemoryProfile.SPEED, 0, Duration.ofMinutes(10));

    private static final int SHARE_PERCENT = 80;

    public ModelMemory {
        Objects.requireNonNull(profile, "profile");
        ServerConfig.requireInRange("model-memory-bytes", bytes, 0, Long.MAX_VALUE);
        ServerConfig.requirePositive("unload-after", unloadAfter);
    }

    /** Bytes that may be taken, given what is free; without bound where neither is known. */
    public long budget(OptionalLong freeBytes) {
        if (bytes > 0) {
            return bytes;
        }
        return freeBytes.isPresent() ? freeBytes.getAsLong() / 100 * SHARE_PERCENT : Long.MAX_VALUE;
    }
}
