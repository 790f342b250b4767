package dev.mobilediffusion.runtime.diffusion;

/** Evenly spaced numbers, rounded just as NumPy rounds them, so that timesteps agree to the bit. */
final class Schedules {

    private Schedules() {}

    /** {@code count} numbers from {@code first} to {@code last}, both included. */
    static double[] linspace(double first, double last, int count) {
        double[] values = new double[count];
        double step = count > 1 ? (last - first) / (count - 1) : 0;
        for (int i = 0; i < count; i++) {
            values[i] = i * step + first;
        }
        if (count > 1) {
            values[count - 1] = last;
        }
        return values;
    }
}
