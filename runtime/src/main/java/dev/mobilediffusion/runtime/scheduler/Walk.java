package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.bundle.ConfigFile;

/**
 * A scheduler and the call that it begins with: the first for text to image, a later one where an image is drawn anew
 * at a strength below 1.
 *
 * @param scheduler planned for one image
 * @param firstCall index into its timesteps; their number when nothing is to be drawn
 */
public record Walk(Scheduler scheduler, int firstCall) {

    /** From noise alone. */
    public static Walk whole(ConfigFile config, int steps) {
        return new Walk(Schedulers.create(config, steps), 0);
    }

    /**
     * From an image: of {@code steps} planned ones the last {@code strength * steps} are walked, cut off to a whole
     * number, as diffusers' image-to-image does. Where that is none, which happens to models of one step, as many are
     * planned as make it one. Of these two kinds of model the noise level itself follows from the strength:
     *
     * <ul>
     *   <li>latent consistency models whose UNet takes the guidance spread all steps over that share of the timesteps
     *       which they were distilled on, as diffusers' pipeline for them does;
     *   <li>flow matching walks as many steps, rounded up; where that is all of them, it begins at the sigma that the
     *       strength stands for, since at its first, 1, nothing of the image would be left.
     * </ul>
     *
     * @param strength in [0, 1]
     * @param guidanceAsInput whether the UNet takes the guidance (LCM)
     */
    public static Walk from(ConfigFile config, int steps, double strength, boolean guidanceAsInput) {
        boolean flow = Schedulers.name(config).equals(FlowMatchEulerScheduler.NAME);
        if (strength == 0 || strength == 1) {
            Scheduler scheduler = Schedulers.create(config, steps);
            return new Walk(scheduler, strength == 1 ? 0 : scheduler.timesteps().length);
        }
        if (flow) {
            int first = (int) (steps - steps * strength);
            Scheduler scheduler = first == 0
                    ? new FlowMatchEulerScheduler(config, steps, strength)
                    : Schedulers.create(config, steps);
            return new Walk(scheduler, first);
        }
        if (guidanceAsInput && Schedulers.name(config).equals(LcmScheduler.NAME)) {
            return new Walk(new LcmScheduler(config, steps, strength), 0);
        }
        int planned =
                (int) (steps * strength) > 0 ? steps : Math.min((int) Math.ceil(1 / strength), ImageRequest.MAX_STEPS);
        Scheduler scheduler = Schedulers.create(config, planned);
        int walked = Math.max(1, (int) (planned * strength));
        int first = (planned - walked) * scheduler.callsPerStep();
        return new Walk(scheduler, Math.min(first, scheduler.timesteps().length - 1));
    }

    /** Calls of the UNet that this takes. */
    public int calls() {
        return scheduler.timesteps().length - firstCall;
    }
}
