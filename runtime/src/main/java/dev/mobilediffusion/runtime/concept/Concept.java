package dev.mobilediffusion.runtime.concept;

import java.util.List;

/**
 * A thing that a person taught a model.
 *
 * @param name its own, lower case
 * @param names all that it goes by, its own first
 * @param picture name of the file with its picture in the folder of the model's concepts
 */
public record Concept(String name, List<String> names, String picture) {

    public Concept {
        names = List.copyOf(names);
    }

    /** How prompts may spell the names, plurals included. */
    public List<String> spellings() {
        return names.stream()
                .flatMap(each -> ConceptNames.spellings(each).stream())
                .distinct()
                .toList();
    }
}
