package dev.mobilediffusion.runtime.pipeline;

/** How near two pictures are. */
final class Decibels {

    private Decibels() {}

    /** Peak signal-to-noise ratio of two pictures of one size, bytes being RGB; infinite for equal ones. */
    static double peakSignalToNoise(byte[] left, byte[] right) {
        double squares = 0;
        for (int i = 0; i < left.length; i++) {
            int difference = (left[i] & 0xff) - (right[i] & 0xff);
            squares += difference * difference;
        }
        return 10 * Math.log10(255.0 * 255 * left.length / squares);
    }
}
