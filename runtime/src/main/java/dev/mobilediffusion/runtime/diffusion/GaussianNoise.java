package dev.mobilediffusion.runtime.diffusion;

/**
 * Standard normal numbers, bit by bit those of torch's CPU generator (of its x86 builds; others round differently):
 *
 * <pre>{@code
 * GaussianNoise.seeded(7).fill(latents)
 * // torch.randn(latents.shape, generator=torch.Generator("cpu").manual_seed(7))
 * }</pre>
 *
 * Successive fills continue the stream, as successive calls of {@code randn} with one generator do. Not thread-safe.
 */
public final class GaussianNoise {

    /** From this length on torch draws single-precision pairs in blocks; below it, double-precision pairs one by one. */
    private static final int BLOCK = 16;

    private static final int HALF = BLOCK / 2;
    private static final float TWO_PI = (float) (2 * Math.PI);

    private final MersenneTwister bits;
    private float[] latest = {}; // what next() gave last
    private double spare = Double.NaN; // the second of a pair that was drawn one by one

    private GaussianNoise(long seed) {
        bits = new MersenneTwister(seed);
    }

    public static GaussianNoise seeded(long seed) {
        return new GaussianNoise(seed);
    }

    /** The next {@code length} numbers, in an array that the next call overwrites. */
    public float[] next(int length) {
        if (latest.length != length) {
            latest = new float[length];
        }
        fill(latest);
        return latest;
    }

    /** Overwrites {@code values} with the next {@code values.length} numbers. */
    public void fill(float[] values) {
        if (values.length < BLOCK) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) nextSingle();
            }
            return;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = uniform();
        }
        int whole = values.length - values.length % BLOCK;
        for (int from = 0; from < whole; from += BLOCK) {
            toNormal(values, from);
        }
        if (whole < values.length) {
            // The last block is drawn anew and overlaps the one before
            int from = values.length - BLOCK;
            for (int i = from; i < values.length; i++) {
                values[i] = uniform();
            }
            toNormal(values, from);
        }
    }

    /** In [0, 1), 24 bits. */
    private float uniform() {
        return (bits.next32() & 0xffffff) * 0x1p-24f;
    }

    /** In [0, 1), 53 bits. */
    private double uniformDouble() {
        return (bits.next64() & 0x1fffffffffffffL) * 0x1p-53;
    }

    /** Box and Muller 1958, on pairs eight apart. */
    private static void toNormal(float[] values, int from) {
        for (int i = from; i < from + HALF; i++) {
            float radius = (float) Math.sqrt(-2 * CephesMath.log(1 - values[i]));
            float angle = TWO_PI * values[i + HALF];
            values[i] = radius * CephesMath.cos(angle);
            values[i + HALF] = radius * CephesMath.sin(angle);
        }
    }

    private double nextSingle() {
        if (!Double.isNaN(spare)) {
            double value = spare;
            spare = Double.NaN;
            return value;
        }
        double first = uniformDouble();
        double second = uniformDouble();
        double radius = Math.sqrt(-2 * Math.log1p(-second));
        spare = radius * Math.sin(2 * Math.PI * first);
        return radius * Math.cos(2 * Math.PI * first);
    }
}
