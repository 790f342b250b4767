package dev.mobilediffusion.server.metrics;

import dev.mobilediffusion.server.machine.MachineMemory;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import java.util.OptionalLong;

/** The JVM's and the process's own meters. The model's memory is native, so the process counts, not the heap. */
final class ProcessMeters implements AutoCloseable {

    private final JvmGcMetrics garbageCollection = new JvmGcMetrics();

    void bindTo(MeterRegistry registry, MachineMemory memory) {
        garbageCollection.bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMeters().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        if (memory.residentBytes().isPresent()) {
            Gauge.builder("process.resident.memory", () -> resident(memory))
                    .description("Memory of the whole process that is in RAM")
                    .baseUnit("bytes")
                    .strongReference(true)
                    .register(registry);
        }
    }

    private static double resident(MachineMemory memory) {
        OptionalLong bytes = memory.residentBytes();
        return bytes.isPresent() ? bytes.getAsLong() : Double.NaN;
    }

    @Override
    public void close() {
        garbageCollection.close();
    }
}
