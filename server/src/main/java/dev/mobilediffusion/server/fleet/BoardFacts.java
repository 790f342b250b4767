package dev.mobilediffusion.server.fleet;

import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What a board can tell the others of itself.
 *
 * @param version of its program
 * @param models that it holds now
 * @param celsius of its hottest sensor; empty where it has none
 */
public record BoardFacts(String version, Supplier<Set<String>> models, Supplier<Optional<Double>> celsius) {}
