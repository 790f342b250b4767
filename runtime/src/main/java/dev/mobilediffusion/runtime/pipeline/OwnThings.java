package dev.mobilediffusion.runtime.pipeline;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.BundleManifest;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.concept.Concept;
import dev.mobilediffusion.runtime.concept.Concepts;
import dev.mobilediffusion.runtime.text.KnownWords;
import dev.mobilediffusion.runtime.text.Rephrasing;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a person taught the model, as of the image that is drawn: looked up before each, so that what was taught since counts.
 * For the pipeline's thread.
 */
final class OwnThings {

    private static final System.Logger LOG = System.getLogger(OwnThings.class.getName());

    private final ModelBundle bundle;
    private final Optional<Concepts> concepts;
    private String stamp = "";
    private Optional<Path> textEncoder = Optional.empty();
    private KnownWords words;
    private Rephrasing rephrasing;
    private Optional<String> problem = Optional.empty(); // a sentence

    OwnThings(ModelBundle bundle, RuntimeOptions options) {
        this.bundle = bundle;
        this.concepts = options.concepts().map(folder -> new Concepts(bundle, folder, options));
        know(List.of());
    }

    /** Looks for what was taught since; the warnings of an image, which know those words. */
    Warnings begin() {
        refresh();
        Warnings warnings = new Warnings(words);
        problem.ifPresent(sentence -> warnings.add("%s", sentence));
        return warnings;
    }

    /** Where they cannot be read the model draws without them, and says so. */
    private void refresh() {
        if (concepts.isEmpty() || concepts.get().stamp().equals(stamp)) {
            return;
        }
        stamp = concepts.get().stamp();
        try {
            know(concepts.get().list());
            textEncoder = concepts.get().textEncoder();
            problem = Optional.empty();
        } catch (InferenceException unusable) {
            LOG.log(System.Logger.Level.WARNING, "{0}: {1}", bundle.name(), unusable.getMessage());
            know(List.of());
            textEncoder = Optional.empty();
            problem = Optional.of("things that the model was taught here are left out: " + unusable.getMessage());
        }
    }

    /** Names of one's own are known words, and mean themselves whatever else the model would read them as. */
    private void know(List<Concept> things) {
        List<String> known =
                new ArrayList<>(bundle.manifest().map(BundleManifest::words).orElse(List.of()));
        if (!known.isEmpty()) { // else it takes any text
            things.forEach(thing -> known.addAll(thing.spellings()));
        }
        words = new KnownWords(known);
        Map<String, String> readAs =
                new HashMap<>(bundle.manifest().map(BundleManifest::readAs).orElse(Map.of()));
        Map<String, String> drawnAs =
                new HashMap<>(bundle.manifest().map(BundleManifest::drawnAs).orElse(Map.of()));
        for (Concept thing : readAs.isEmpty() && drawnAs.isEmpty() ? List.<Concept>of() : things) {
            thing.spellings().forEach(spelling -> {
                readAs.put(spelling, spelling);
                drawnAs.remove(spelling);
            });
        }
        rephrasing = new Rephrasing(readAs, drawnAs);
    }

    /** The prompt in words that the model knows. */
    Rephrasing.Rephrased rephrased(String prompt) {
        return rephrasing.apply(prompt);
    }

    /** To be read in the place of the bundle's. */
    Optional<Path> textEncoder() {
        return textEncoder;
    }
}
