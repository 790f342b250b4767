package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import dev.mobilediffusion.runtime.bundle.BundleManifest;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.NetworkSummary;
import dev.mobilediffusion.runtime.measure.ModelCost;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What {@code models show} says about a model, a line per fact. */
final class ModelDescription {

    private static final long MEGA = 1_000_000;

    private ModelDescription() {}

    /** @param cost multiplications of its networks, where they were counted */
    static String of(ModelBundle bundle, Optional<ModelCost> cost) {
        StringBuilder text = new StringBuilder();
        line(text, "name", bundle.name());
        line(text, "folder", bundle.folder());
        line(text, "size", "%sx%s".formatted(bundle.width(), bundle.height()));
        line(
                text,
                "latents",
                "%s channels, %sx%s"
                        .formatted(
                                bundle.unet().latentChannels(),
                                bundle.unet().latentWidth(),
                                bundle.unet().latentHeight()));
        line(text, "scheduler", bundle.scheduler().text("_class_name"));
        line(
                text,
                "vocabulary",
                "%s tokens".formatted(bundle.tokenizer().vocabulary().size()));
        Map<String, NetworkSummary> networks = bundle.networks();
        networks.forEach((network, summary) -> line(text, network, describe(summary)));
        line(
                text,
                "parameters",
                millions(networks.values().stream()
                        .mapToLong(NetworkSummary::parameters)
                        .sum()));
        line(
                text,
                "memory",
                "about %s MB when loaded for speed, %s MB with --memory small"
                        .formatted(
                                bundle.memoryEstimate(MemoryProfile.SPEED) / MEGA,
                                bundle.memoryEstimate(MemoryProfile.SMALL) / MEGA));
        cost.ifPresent(counted -> line(text, "compute", describe(counted)));
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
        if (!manifest.licence().isEmpty()) {
            line(text, "licence", manifest.licence());
        }
        if (!manifest.words().isEmpty()) {
            line(text, "words", String.join(" ", manifest.words()));
        }
    }

    private static String describe(NetworkSummary network) {
        String kind = network.className().isEmpty() ? "" : network.className() + ", ";
        return "%s%s parameters, %s, %s MB, %s operators"
                .formatted(
                        kind,
                        millions(network.parameters()),
                        network.precision(),
                        network.bytes() / MEGA,
                        network.operators());
    }

    private static String describe(ModelCost cost) {
        return String.format(
                Locale.ROOT,
                "text_encoder %.1f, unet %.1f per call, vae_decoder %.1f billion multiplications with an addition",
                cost.textEncoder() / 1e9,
                cost.unet() / 1e9,
                cost.vaeDecoder() / 1e9);
    }

    private static String millions(long count) {
        return String.format(Locale.ROOT, "%.1f million", count / 1e6);
    }

    private static void line(StringBuilder text, String name, Object value) {
        text.append("%-12s %s%n".formatted(name, value));
    }
}
