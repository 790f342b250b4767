package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.benchmark.Benchmark;
import java.io.PrintWriter;

/**
 * How far an image is, on one line that is drawn over and over: {@code [=========---------] 4/8 steps}. Belongs to the
 * thread that draws the image.
 */
final class ProgressBar implements Benchmark.Progress {

    private static final int WIDTH = 32;

    private final PrintWriter err;
    private final boolean visible;
    private final String label;
    private int lastLength;
    private long lastStep = -1;
    private String lastFile = "";

    /**
     * A bar on {@code err} that goes away when it is closed.
     *
     * @param visible false for a file or a pipe, where a bar would be litter
     * @param label what is being done, shown before the bar; may be empty
     */
    ProgressBar(PrintWriter err, boolean visible, String label) {
        this.err = err;
        this.visible = visible;
        this.label = label;
    }

    /** Whether stderr is a terminal: Java cannot tell, the launcher can. */
    static boolean isStderrTerminal() {
        return Boolean.getBoolean("mobilediffusion.stderr.terminal");
    }

    @Override
    public void onStage(Stage stage) {
        show(0, 0, stage.label().replace('_', ' '));
    }

    @Override
    public void onStep(int step, int steps) {
        show(step, steps, "%s/%s steps".formatted(step, steps));
    }

    /** As {@link #onStep}, for many images in one bar. */
    void onImage(int image, int images) {
        show(image, images, "%s/%s pictures".formatted(image, images));
    }

    /** As {@link #onStep}, for bytes of a file among many. */
    void onBytes(String file, long done, long total) {
        if (done * WIDTH / Math.max(1, total) == lastStep && file.equals(lastFile)) {
            return;
        }
        lastStep = done * WIDTH / Math.max(1, total);
        lastFile = file;
        show((int) lastStep, WIDTH, "%s/%s MB %s".formatted(done >> 20, total >> 20, file));
    }

    @Override
    public void close() {
        if (lastLength == 0) {
            return;
        }
        err.print("\r" + " ".repeat(lastLength) + "\r");
        err.flush();
    }

    private void show(int step, int steps, String text) {
        if (!visible) {
            return;
        }
        int done = steps == 0 ? 0 : WIDTH * step / steps;
        String line = "%s[%s%s] %s".formatted(label, "=".repeat(done), "-".repeat(WIDTH - done), text);
        err.print("\r" + line + " ".repeat(Math.max(0, lastLength - line.length())));
        err.flush();
        lastLength = line.length();
    }
}
