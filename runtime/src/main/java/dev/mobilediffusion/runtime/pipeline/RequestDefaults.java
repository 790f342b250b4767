package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.bundle.BundleManifest;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.scheduler.Schedulers;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a model does when a request leaves something out, and which of its wishes the model cannot follow.
 *
 * @param steps when a request names none
 * @param minSteps fewest that the model was made for
 * @param maxSteps most that the model was made for
 * @param guidanceScale when a request names none
 * @param guidanceBakedIn whether guidance was distilled into the weights
 */
record RequestDefaults(int steps, int minSteps, int maxSteps, double guidanceScale, boolean guidanceBakedIn) {

    /** For public bundles, which do not say: few steps where the scheduler is made for few, else diffusers' own. */
    private static final int FEW_STEPS = 4;

    private static final Set<String> FEW_STEP_SCHEDULERS = Set.of("LCMScheduler", "TCDScheduler");
    private static final int MANY_STEPS = 20;
    private static final double USUAL_GUIDANCE = 7.5;

    static RequestDefaults of(ModelBundle bundle) {
        boolean few = FEW_STEP_SCHEDULERS.contains(Schedulers.name(bundle.scheduler()));
        int usualSteps = few ? FEW_STEPS : MANY_STEPS;
        return bundle.manifest()
                .map(manifest -> new RequestDefaults(
                        Math.clamp(
                                manifest.defaultSteps().orElse(usualSteps), manifest.minSteps(), manifest.maxSteps()),
                        manifest.minSteps(),
                        manifest.maxSteps(),
                        manifest.guidanceBakedIn()
                                ? 1
                                : manifest.defaultGuidanceScale().orElse(USUAL_GUIDANCE),
                        manifest.guidanceBakedIn()))
                .orElseGet(() -> new RequestDefaults(usualSteps, 1, ImageRequest.MAX_STEPS, USUAL_GUIDANCE, false));
    }

    ModelInfo modelInfo(ModelBundle bundle) {
        return new ModelInfo(
                bundle.name(),
                bundle.width(),
                bundle.height(),
                steps,
                guidanceScale,
                guidanceBakedIn,
                Schedulers.fullName(bundle.scheduler()),
                bundle.manifest().map(BundleManifest::parameters).orElse(0L),
                bundle.manifest().map(BundleManifest::words).orElse(List.of()),
                bundle.manifest().map(BundleManifest::groups).orElse(Map.of()),
                bundle.manifest().map(BundleManifest::licence).orElse(""),
                bundle.sha256());
    }

    /** The request with every value that was left empty; a wish that has no effect is dropped with a warning. */
    ImageRequest fill(ImageRequest request, Warnings warnings) {
        int wantedSteps = request.steps().orElse(steps);
        if (wantedSteps < minSteps || wantedSteps > maxSteps) {
            warnings.add(
                    "steps %d is outside what the model was made for, [%d, %d]; the picture may be poor",
                    wantedSteps, minSteps, maxSteps);
        }
        double wantedGuidance = request.guidanceScale().orElse(guidanceScale);
        if (guidanceBakedIn) {
            if (request.guidanceScale().isPresent() && wantedGuidance != 1) {
                warnings.add("guidance_scale %s is ignored: guidance is part of this model's weights", wantedGuidance);
            }
            wantedGuidance = 1;
        }
        return request.withSteps(wantedSteps).withGuidanceScale(wantedGuidance);
    }
}
