package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.bundle.BundleManifest;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import java.util.Locale;

/** What {@code models show} says about a model, a line per fact. */
final class ModelDescription {

    private ModelDescription() {}

    static String of(ModelBundle bundle) {
        StringBuilder text = new StringBuilder();
        line(text, "name", bundle.name());
        line(text, "folder", bundle.folder());
        line(text, "size", "%dx%d".formatted(bundle.width(), bundle.height()));
        line(
                text,
                "latents",
                "%d channels, %dx%d"
                        .formatted(
                                bundle.unet().latentChannels(),
                                bundle.unet().latentWidth(),
                                bundle.unet().latentHeight()));
        line(text, "scheduler", bundle.scheduler().text("_class_name"));
        line(
                text,
                "vocabulary",
                "%d tokens".formatted(bundle.tokenizer().vocabulary().size()));
        bundle.manifest().ifPresent(manifest -> describe(text, manifest));
        line(text, "sha256", bundle.sha256());
        return text.toString();
    }

    private static void describe(StringBuilder text, BundleManifest manifest) {
        manifest.defaultSteps().ifPresent(steps -> line(text, "steps", steps));
        manifest.defaultGuidanceScale()
                .ifPresent(scale -> line(
                        text,
                        "guidance",
                        OptionValues.plain(scale)
                                + (manifest.guidanceBakedIn() ? ", distilled into the weights" : "")));
        if (manifest.parameters() > 0) {
            line(text, "parameters", String.format(Locale.ROOT, "%.1f million", manifest.parameters() / 1e6));
        }
        if (!manifest.licence().isEmpty()) {
            line(text, "licence", manifest.licence());
        }
        if (!manifest.words().isEmpty()) {
            line(text, "words", String.join(" ", manifest.words()));
        }
    }

    private static void line(StringBuilder text, String name, Object value) {
        text.append("%-12s %s%n".formatted(name, value));
    }
}
