package dev.mobilediffusion.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which packages use which, as the imports say. */
final class PackageUses {

    private PackageUses() {}

    /** One sentence per permission that no source needs, so that the tables stay as narrow as the code. */
    static List<String> unused(List<JavaSource> sources) {
        Map<String, Set<String>> used = uses(sources);
        List<String> sentences = new ArrayList<>();
        PackageArrows.MAY_USE.forEach((from, permitted) -> permitted.stream()
                .filter(to -> !used.getOrDefault(from, Set.of()).contains(to))
                .forEach(to -> sentences.add("%s does not use %s".formatted(from, to))));
        return sentences;
    }

    /** Package → the packages of this repository that its main code uses, both without the common prefix. */
    static Map<String, Set<String>> uses(List<JavaSource> sources) {
        Map<String, Set<String>> used = new TreeMap<>();
        for (JavaSource source : sources) {
            if (!source.isTest() && source.packageName().startsWith(PackageArrows.HOUSE)) {
                String from = source.packageName().substring(PackageArrows.HOUSE.length());
                Set<String> targets = used.computeIfAbsent(from, name -> new TreeSet<>());
                for (String name : source.qualifiedNames()) {
                    if (name.startsWith(PackageArrows.HOUSE) && !name.equals(source.packageName())) {
                        targets.add(name.substring(PackageArrows.HOUSE.length()));
                    }
                }
            }
        }
        used.remove("checks");
        return used;
    }
}
