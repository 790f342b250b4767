package dev.mobilediffusion.server.generation;

import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;

/** Seeds: the random one of a request that names none, and the one of each image. In [0, 2^63). */
public final class Seeds {

    /** Other servers draw their seeds from 32 bits, and JavaScript can hold no more than 53: a seed of ours must work there. */
    private static final long RANDOM_BOUND = 1L << 32;

    private Seeds() {}

    /** {@code wanted}, or a random seed where it is absent or, as A1111 has it, negative. */
    public static long orRandom(OptionalLong wanted) {
        return wanted.isPresent() && wanted.getAsLong() >= 0
                ? wanted.getAsLong()
                : ThreadLocalRandom.current().nextLong(RANDOM_BOUND);
    }

    /** The largest first seed of {@code count} images: image k has the first seed + k, which must not overflow. */
    public static long largestFirst(int count) {
        return Long.MAX_VALUE - count + 1;
    }

    /** The seed of image {@code index} of a request; the first is 0. */
    public static long ofImage(long first, int index) {
        return first + index;
    }
}
