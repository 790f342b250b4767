package dev.mobilediffusion.server.queue;

import java.time.Duration;

/** Time per picture, as an exponential moving average. Not thread-safe: the queue's lock guards it. */
final class ImageRate {

    /** Until something was measured: about a picture on a phone-class board. */
    private static final double FIRST_GUESS_SECONDS = 2;

    /** Weight of a new measurement: the last five or so pictures count. */
    private static final double NEWEST = 0.3;

    private double seconds = FIRST_GUESS_SECONDS;
    private boolean measured;

    void observe(Duration picture) {
        double sample = picture.toNanos() / 1e9;
        seconds = measured ? seconds + NEWEST * (sample - seconds) : sample;
        measured = true;
    }

    Duration times(double pictures) {
        return Duration.ofNanos((long) (seconds * pictures * 1e9));
    }
}
