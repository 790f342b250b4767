package dev.mobilediffusion.server;

import dev.mobilediffusion.server.fleet.BoardFacts;
import dev.mobilediffusion.server.fleet.FleetJobQueue;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.machine.ThermalZone;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.JobObserver;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.queue.LocalJobQueue;
import dev.mobilediffusion.server.queue.QueueLimits;
import java.time.Clock;
import java.util.Optional;
import java.util.stream.Collectors;

/** The queue that a configuration asks for: this board's own, or that of a fleet. */
final class Queues {

    private Queues() {}

    static JobQueue open(ServerConfig config, JobObserver observer, ModelCatalog models, Machine machine) {
        LocalJobQueue own = LocalJobQueue.open(
                config.data(),
                config.retention(),
                QueueLimits.ofJobs(config.queueCapacity()),
                observer,
                Clock.systemUTC());
        return config.fleet()
                .<JobQueue>map(fleet -> FleetJobQueue.join(own, fleet, observer, facts(models, machine)))
                .orElse(own);
    }

    private static BoardFacts facts(ModelCatalog models, Machine machine) {
        return new BoardFacts(
                ImageServer.version(),
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
