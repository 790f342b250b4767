package dev.mobilediffusion.runtime.upscale;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.Stage;

/** Tells of an image of two passes as of one: counts the steps of its tiles on, and shows none of them by itself. */
final class StepCount implements ProgressListener {

    private final ProgressListener listener;
    private int tiles;
    private int before; // steps of the first pass
    private int done; // steps up to now

    StepCount(ProgressListener listener) {
        this.listener = listener;
    }

    /** What is heard from now on are that many tiles. */
    void beginTiles(int count) {
        tiles = count;
        before = done;
        listener.onStage(Stage.UNET);
    }

    @Override
    public void onStage(Stage stage) {
        if (tiles == 0) {
            listener.onStage(stage);
        }
    }

    @Override
    public void onStep(int step, int steps) {
        done++;
        listener.onStep(done, tiles == 0 ? steps : before + tiles * steps);
    }

    @Override
    public boolean wantsPreview(int step, int steps) {
        return tiles == 0 && listener.wantsPreview(step, steps);
    }

    @Override
    public void onPreview(int step, GeneratedImage preview) {
        listener.onPreview(step, preview);
    }
}
