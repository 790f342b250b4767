package dev.mobilediffusion.runtime.diffusion;

/**
 * Logarithm, sine and cosine in single precision by the polynomials of Moshier's Cephes library, rounded after each
 * operation and fused where torch's vectorized x86 kernel is: the only way to its noise bit by bit.
 */
@SuppressWarnings("FloatingPointLiteralPrecision") // digits as published
final class CephesMath {

    private static final float SQRT_HALF = 0.70710678f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float FOUR_OVER_PI = 1.27323954473516f;

    private static final float[] LOG = {
        7.0376836292e-2f,
        -1.1514610310e-1f,
        1.1676998740e-1f,
        -1.2420140846e-1f,
        1.4249322787e-1f,
        -1.6668057665e-1f,
        2.0000714765e-1f,
        -2.4999993993e-1f,
        3.3333331174e-1f
    };
    private static final float[] QUARTER_PI = {-0.78515625f, -2.4187564849853515625e-4f, -3.77489497744594108e-8f};
    private static final float[] COS = {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f};
    private static final float[] SIN = {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f};

    private CephesMath() {}

    /** Natural logarithm of a normal positive number. */
    static float log(float value) {
        int bits = Float.floatToRawIntBits(value);
        float exponent = (bits >>> 23) - 126;
        float x = Float.intBitsToFloat((bits & 0x807fffff) | 0x3f000000); // in [0.5, 1)
        if (x < SQRT_HALF) {
            exponent -= 1;
            x = x - 1 + x;
        } else {
            x -= 1;
        }
        float z = x * x;
        float y = Math.fma(polynomial(LOG, x) * x, z, exponent * LN2_LOW);
        y = Math.fma(-z, 0.5f, y);
        return Math.fma(exponent, LN2_HIGH, x + y);
    }

    /** Sine of an angle in [0, 8192]. */
    static float sin(float angle) {
        int octant = octant(angle);
        float x = reduced(angle, octant);
        float value = (octant & 2) == 0 ? sinPolynomial(x) : cosPolynomial(x);
        return (octant & 4) == 0 ? value : -value;
    }

    /** Cosine of an angle in [0, 8192]. */
    static float cos(float angle) {
        int octant = octant(angle);
        float x = reduced(angle, octant);
        float value = (octant & 2) == 0 ? cosPolynomial(x) : sinPolynomial(x);
        return ((octant - 2) & 4) == 0 ? -value : value;
    }

    private static int octant(float angle) {
        return ((int) (angle * FOUR_OVER_PI) + 1) & ~1;
    }

    private static float reduced(float angle, int octant) {
        float x = angle;
        for (float part : QUARTER_PI) {
            x = Math.fma((float) octant, part, x);
        }
        return x;
    }

    private static float cosPolynomial(float x) {
        float z = x * x;
        return Math.fma(polynomial(COS, z) * z, z, -(z * 0.5f)) + 1;
    }

    private static float sinPolynomial(float x) {
        float z = x * x;
        return Math.fma(polynomial(SIN, z) * z, x, x);
    }

    private static float polynomial(float[] coefficients, float x) {
        float y = coefficients[0];
        for (int i = 1; i < coefficients.length; i++) {
            y = Math.fma(y, x, coefficients[i]);
        }
        return y;
    }
}
