package dev.mobilediffusion.runtime.concept;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.text.ClipTokenizer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which names a model can still take: neither its own words nor other things' names, as its tokens tell them apart. */
record FreeNames(ModelBundle bundle, RecallGraph recall, ClipTokenizer tokenizer) {

    /** @param field what messages call the name */
    void require(String name, String field) {
        boolean oneWord = bundle.manifest()
                .map(manifest -> manifest.words().contains(name))
                .orElse(false);
        for (String spelling : ConceptNames.spellings(name)) {
            List<Integer> ids = tokenizer.ids(spelling, recall.longest());
            if (!recall.takes(ids.size())) {
                throw InferenceException.invalid(
                        field,
                        "%s '%s' is a phrase of %d tokens, of which the model %s takes none; choose another",
                        field,
                        name,
                        ids.size(),
                        bundle.name());
            }
            if (spelling.equals(name) && (oneWord || recall.knows(ids))) {
                throw InferenceException.invalid(
                        field,
                        "%s '%s' already means something to the model %s; choose another name",
                        field,
                        name,
                        bundle.name());
            }
        }
    }

    /**
     * Does nothing where one more fits, by number and by names.
     *
     * @param known without an earlier one of its name
     */
    void requireRoom(List<Concept> known, Concept added, int most) {
        if (known.size() >= most) {
            throw InferenceException.invalid(
                    "name", "a model can be taught at most %d things, and has as many; remove one", most);
        }
        Set<List<Integer>> phrases = new HashSet<>();
        added.names().forEach(name -> phrases.add(tokenizer.ids(name, recall.longest())));
        for (Concept other : known) {
            for (String name : other.names()) {
                if (phrases.contains(tokenizer.ids(name, recall.longest()))) {
                    throw InferenceException.invalid(
                            added.name().equals(name) ? "name" : "names",
                            "%s of '%s' are read like '%s', a name of the thing '%s'; remove that, or choose others",
                            "the names",
                            added.name(),
                            name,
                            other.name());
                }
            }
        }
    }
}
