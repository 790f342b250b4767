package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.bundle.ConfigFile;
import java.util.List;

/** Makes the scheduler that a bundle's {@code scheduler_config.json} names. */
public final class Schedulers {

    private static final String CLASS_NAME = "_class_name";
    private static final List<String> KNOWN = List.of(
            "FlowMatchEulerDiscreteScheduler",
            "EulerDiscreteScheduler",
            "EulerAncestralDiscreteScheduler",
            "DDIMScheduler",
            "PNDMScheduler",
            "DPMSolverMultistepScheduler",
            "LCMScheduler",
            "TCDScheduler");

    private Schedulers() {}

    /**
     * Plans {@code steps} steps.
     *
     * @throws InferenceException with code INVALID_BUNDLE for a scheduler or setting that is not known here, and
     *     INVALID_REQUEST when the scheduler cannot take that many steps
     */
    public static Scheduler create(ConfigFile config, int steps) {
        return switch (name(config)) {
            case "FlowMatchEulerDiscreteScheduler" -> new FlowMatchEulerScheduler(config, steps);
            case "EulerDiscreteScheduler" -> new EulerScheduler(config, steps);
            case "EulerAncestralDiscreteScheduler" -> new EulerAncestralScheduler(config, steps);
            case "DDIMScheduler" -> new DdimScheduler(config, steps);
            case "PNDMScheduler" -> new PndmScheduler(config, steps);
            case "DPMSolverMultistepScheduler" -> new DpmSolverMultistepScheduler(config, steps);
            case "LCMScheduler" -> new LcmScheduler(config, steps);
            case "TCDScheduler" -> new TcdScheduler(config, steps);
            default ->
                throw invalid(
                        config,
                        "%s %s is not known here; known are %s",
                        CLASS_NAME,
                        name(config),
                        String.join(", ", KNOWN));
        };
    }

    /** Class name of the scheduler, as diffusers spells it. */
    public static String name(ConfigFile config) {
        return config.text(CLASS_NAME);
    }

    static InferenceException invalid(ConfigFile config, String format, Object... args) {
        return new InferenceException(
                InferenceException.Code.INVALID_BUNDLE, config.name() + ": " + format.formatted(args));
    }

    /** Refuses settings that would change the trajectory in a way which is not implemented. */
    static void refuse(ConfigFile config, String... flags) {
        for (String flag : flags) {
            if (config.flag(flag, false)) {
                throw invalid(config, "%s is not supported here; set it to false", flag);
            }
        }
    }
}
