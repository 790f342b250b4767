package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.machine.ThermalZone;
import dev.mobilediffusion.server.models.ModelCatalog;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * What a board can tell the others of itself.
 *
 * @param version of its program
 * @param models that it holds now
 * @param celsius of its hottest sensor; empty where it has none
 */
public record BoardFacts(String version, Supplier<Set<String>> models, Supplier<Optional<Double>> celsius) {

    public static BoardFacts of(String version, ModelCatalog models, Machine machine) {
        return new BoardFacts(
                version,
                () -> models.all().stream().map(ModelCatalog.Entry::name).collect(Collectors.toUnmodifiableSet()),
                () -> hottest(machine));
    }

    private static Optional<Double> hottest(Machine machine) {
        return machine.thermalZones().stream()
                .map(ThermalZone::celsius)
                .flatMap(celsius -> celsius.stream().boxed())
                .max(Double::compare);
    }
}
