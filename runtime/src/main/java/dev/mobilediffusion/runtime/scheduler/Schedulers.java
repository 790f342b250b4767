package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.bundle.ConfigFile;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;

/** Makes the scheduler that a bundle's {@code scheduler_config.json} names. */
public final class Schedulers {

    private static final String CLASS_NAME = "_class_name";
    private static final Map<String, BiFunction<ConfigFile, Integer, Scheduler>> KNOWN = new TreeMap<>(Map.ofEntries(
            Map.entry(FlowMatchEulerScheduler.NAME, FlowMatchEulerScheduler::new),
            Map.entry("EulerDiscreteScheduler", EulerScheduler::new),
            Map.entry("EulerAncestralDiscreteScheduler", EulerAncestralScheduler::new),
            Map.entry("HeunDiscreteScheduler", HeunScheduler::new),
            Map.entry("KDPM2DiscreteScheduler", (config, steps) -> new Kdpm2Scheduler(config, steps, false)),
            Map.entry("KDPM2AncestralDiscreteScheduler", (config, steps) -> new Kdpm2Scheduler(config, steps, true)),
            Map.entry("LMSDiscreteScheduler", LmsScheduler::new),
            Map.entry("DDIMScheduler", DdimScheduler::new),
            Map.entry("DDPMScheduler", DdpmScheduler::new),
            Map.entry("PNDMScheduler", PndmScheduler::new),
            Map.entry("DPMSolverMultistepScheduler", DpmSolverMultistepScheduler::new),
            Map.entry("UniPCMultistepScheduler", UniPcScheduler::new),
            Map.entry("DEISMultistepScheduler", DeisScheduler::new),
            Map.entry(LcmScheduler.NAME, LcmScheduler::new),
            Map.entry("TCDScheduler", TcdScheduler::new)));

    private Schedulers() {}

    /**
     * Plans {@code steps} steps.
     *
     * @throws InferenceException with code INVALID_BUNDLE for a scheduler or setting that is not known here, and
     *     INVALID_REQUEST when the scheduler cannot take that many steps
     */
    public static Scheduler create(ConfigFile config, int steps) {
        BiFunction<ConfigFile, Integer, Scheduler> known = KNOWN.get(name(config));
        if (known == null) {
            throw invalid(
                    config,
                    "%s %s is not known here; known are %s",
                    CLASS_NAME,
                    name(config),
                    String.join(", ", KNOWN.keySet()));
        }
        return known.apply(config, steps);
    }

    /** Class name of the scheduler, as diffusers spells it. */
    public static String name(ConfigFile config) {
        return config.text(CLASS_NAME);
    }

    /** The class name, and the algorithm where it is not the one that the class is known for. */
    public static String fullName(ConfigFile config) {
        String algorithm = config.text("algorithm_type", "");
        return algorithm.equals(DpmSolverMultistepScheduler.STOCHASTIC) ? name(config) + " " + algorithm : name(config);
    }

    /** The text at {@code key}, which must be one of {@code allowed}; the first of them when absent. */
    static String requireOneOf(ConfigFile config, String key, String... allowed) {
        String value = config.text(key, allowed[0]);
        if (!List.of(allowed).contains(value)) {
            int last = allowed.length - 1;
            String others = String.join(", ", List.of(allowed).subList(0, last));
            String choice = last == 0 ? allowed[0] : others + " or " + allowed[last];
            throw invalid(config, "%s must be %s, got %s", key, choice, value);
        }
        return value;
    }

    static InferenceException invalid(ConfigFile config, String format, Object... args) {
        return new InferenceException(
                InferenceException.Code.INVALID_BUNDLE,
                config.name() + ": " + String.format(Locale.ROOT, format, args));
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
