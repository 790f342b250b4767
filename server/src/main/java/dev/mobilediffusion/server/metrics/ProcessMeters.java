package dev.mobilediffusion.server.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The JVM's and the process's own meters. The model's memory is native, so the process counts, not the heap. */
final class ProcessMeters implements AutoCloseable {

    private static final Pattern RESIDENT = Pattern.compile("^VmRSS:\\s*(\\d+) kB$", Pattern.MULTILINE);

    private static final int LONGEST_STATUS = 8192;

    private final JvmGcMetrics garbageCollection = new JvmGcMetrics();

    void bindTo(MeterRegistry registry, Path processStatus) {
        garbageCollection.bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMeters().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        if (Files.isReadable(processStatus)) {
            Gauge.builder("process.resident.memory", () -> residentBytes(processStatus))
                    .description("Memory of the whole process that is in RAM")
                    .baseUnit("bytes")
                    .strongReference(true)
                    .register(registry);
        }
    }

    /** {@code VmRSS} of a {@code /proc/PID/status}, which is in kB: proc(5). */
    static double residentBytes(Path processStatus) {
        try (InputStream status = Files.newInputStream(processStatus)) {
            Matcher line = RESIDENT.matcher(new String(status.readNBytes(LONGEST_STATUS), StandardCharsets.ISO_8859_1));
            return line.find() ? Long.parseLong(line.group(1)) * 1024.0 : Double.NaN;
        } catch (IOException | NumberFormatException e) {
            return Double.NaN;
        }
    }

    @Override
    public void close() {
        garbageCollection.close();
    }
}
