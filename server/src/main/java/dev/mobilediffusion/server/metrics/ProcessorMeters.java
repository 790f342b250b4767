package dev.mobilediffusion.server.metrics;

import com.sun.management.OperatingSystemMXBean;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * How busy the processor is, as Micrometer's {@code ProcessorMetrics} tell it. Those ask Java at every scrape, which
 * in a container reads a dozen of the kernel's files for each of the two shares and makes 150 KB of garbage of it; a share
 * of less than a second says nothing anyway.
 */
final class ProcessorMeters {

    private static final Duration KEPT = Duration.ofSeconds(1);

    private final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    void bindTo(MeterRegistry registry) {
        // Micrometer's system.cpu.count would end like a histogram's counter, and its process.cpu.time is in
        // nanoseconds
        Gauge.builder("system.cpus", Runtime.getRuntime(), Runtime::availableProcessors)
                .description("Processors that this process may use")
                .strongReference(true)
                .register(registry);
        Gauge.builder("system.load.average.1m", system, OperatingSystemMXBean::getSystemLoadAverage)
                .description("Tasks that ran or waited for a processor, mean of a minute; negative where unknown")
                .strongReference(true)
                .register(registry);
        Gauge.builder("system.cpu.usage", new Kept(system::getCpuLoad)::value)
                .description(
                        "Share of the system's processors in use, 0 to 1, in the last second or since the last scrape")
                .strongReference(true)
                .register(registry);
        Gauge.builder("process.cpu.usage", new Kept(system::getProcessCpuLoad)::value)
                .description("Share of the system's processors that this process uses, 0 to 1")
                .strongReference(true)
                .register(registry);
        FunctionCounter.builder("process.cpu", system, each -> each.getProcessCpuTime() / 1e9)
                .description("Processor time of this process")
                .baseUnit("seconds")
                .register(registry);
    }

    /** What {@code source} says, asked at most once in {@link #KEPT}. Thread-safe. */
    private static final class Kept {

        private final DoubleSupplier source;
        private double value;
        private long readAt = System.nanoTime() - KEPT.toNanos();

        Kept(DoubleSupplier source) {
            this.source = source;
        }

        synchronized double value() {
            long now = System.nanoTime();
            if (now - readAt >= KEPT.toNanos()) {
                value = source.getAsDouble();
                readAt = now;
            }
            return value;
        }
    }
}
