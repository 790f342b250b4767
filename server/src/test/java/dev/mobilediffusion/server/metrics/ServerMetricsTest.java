package dev.mobilediffusion.server.metrics;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.both;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.not;

import com.sun.management.ThreadMXBean;
import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.machine.DeviceCondition;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.machine.MachineMemory;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerMetricsTest {

    private static final int READINGS = 100;

    @TempDir
    private Path folder;

    @Test
    void everyMeterHasTheNameThatDashboardsRelyOn() {
        try (ServerMetrics metrics = ServerMetrics.create(machine())) {
            metrics.watchQueue(() -> 3, () -> 64);
            metrics.watchEmbeddingCache(() -> 5, () -> 7);
            metrics.requestDone("openai", "success", Duration.ofMillis(120));
            metrics.stageDone("pocket", Stage.UNET, Duration.ofMillis(60));
            metrics.jobFinished("succeeded");
            metrics.imageDone("pocket");
            metrics.jobRejected("rate_limit_exceeded");

            String text = text(metrics, ServerMetrics.PROMETHEUS_TEXT);

            assertThat(text, containsString("mobilediffusion_queue_depth 3.0\n"));
            assertThat(text, containsString("mobilediffusion_queue_capacity 64.0\n"));
            assertThat(text, containsString("mobilediffusion_embedding_cache_hits_total 5.0\n"));
            assertThat(text, containsString("mobilediffusion_embedding_cache_misses_total 7.0\n"));
            assertThat(
                    text,
                    containsString("mobilediffusion_request_duration_seconds_bucket{api=\"openai\","
                            + "outcome=\"success\",le=\"0.1\"} 0\n"));
            assertThat(
                    text,
                    containsString("mobilediffusion_stage_duration_seconds_bucket{model=\"pocket\",stage=\"unet\","
                            + "le=\"0.1\"} 1\n"));
            assertThat(text, containsString("le=\"0.01\""));
            assertThat(text, containsString("le=\"600.0\""));
            assertThat(text, containsString("mobilediffusion_jobs_total{state=\"succeeded\"} 1.0\n"));
            assertThat(text, containsString("mobilediffusion_jobs_total{state=\"cancelled\"} 0.0\n"));
            assertThat(text, containsString("mobilediffusion_images_total{model=\"pocket\"} 1.0\n"));
            assertThat(text, containsString("mobilediffusion_rejections_total{reason=\"rate_limit_exceeded\"} 1.0\n"));
            assertThat(text, containsString("jvm_memory_used_bytes"));
            assertThat(text, containsString("process_uptime_seconds"));
        }
    }

    @Test
    void saysHowBusyTheProcessorIs() {
        try (ServerMetrics metrics = ServerMetrics.create(machine())) {
            String text = text(metrics, ServerMetrics.PROMETHEUS_TEXT);

            assertThat(
                    value(text, "system_cpus"), is((double) Runtime.getRuntime().availableProcessors()));
            assertThat(
                    value(text, "system_cpu_usage"),
                    is(both(greaterThanOrEqualTo(0.0)).and(lessThanOrEqualTo(1.0))));
            assertThat(
                    value(text, "process_cpu_usage"),
                    is(both(greaterThanOrEqualTo(0.0)).and(lessThanOrEqualTo(1.0))));
            assertThat(value(text, "process_cpu_seconds_total"), is(greaterThan(0.0)));
            assertThat(text, containsString("\nsystem_load_average_1m "));
        }
    }

    /** In a container Java reads a dozen files for each of the two; what that leaves makes waiting jobs grow old. */
    @Test
    void theProcessorsLoadIsNotReadAnewAtEveryScrape() {
        MeterRegistry registry = new SimpleMeterRegistry();
        new ProcessorMeters().bindTo(registry);
        Gauge system = registry.get("system.cpu.usage").gauge();
        Gauge process = registry.get("process.cpu.usage").gauge();

        long garbage = garbage(() -> {
            system.value();
            process.value();
        });

        assertThat("bytes per reading", garbage, is(lessThan(4096L)));
    }

    @Test
    void readingTheResidentMemoryMakesLittleGarbage() throws IOException {
        Path status = Files.createDirectories(folder.resolve("proc/self")).resolve("status");
        Files.writeString(status, "Name:\tjava\n".repeat(100) + "VmRSS:\t2048 kB\n");
        MachineMemory memory = machine().memory();

        long garbage = garbage(memory::residentBytes);

        assertThat("bytes per reading", garbage, is(lessThan(32_768L)));
    }

    /** Bytes that this thread allocates each time, the first times aside. */
    private static long garbage(Runnable reading) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int warmUp = 0; warmUp < READINGS; warmUp++) {
            reading.run();
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int turn = 0; turn < READINGS; turn++) {
            reading.run();
        }
        return (threads.getCurrentThreadAllocatedBytes() - before) / READINGS;
    }

    @Test
    void whatIsCountedIsStillCountedAfterTheGarbageCollectorRan() throws InterruptedException {
        AtomicLong hits = new AtomicLong(5);
        try (ServerMetrics metrics = ServerMetrics.create(machine())) {
            metrics.watchEmbeddingCache(hits::get, () -> 7);
            WeakReference<Object> rubbish = new WeakReference<>(new Object());
            while (rubbish.get() != null) {
                System.gc();
                Thread.sleep(10);
            }

            hits.set(9);

            assertThat(
                    text(metrics, ServerMetrics.PROMETHEUS_TEXT),
                    containsString("mobilediffusion_embedding_cache_hits_total 9.0\n"));
        }
    }

    @Test
    void aScraperMayAskForOpenMetrics() {
        try (ServerMetrics metrics = ServerMetrics.create(machine())) {
            assertThat(text(metrics, ServerMetrics.OPEN_METRICS), endsWith("# EOF\n"));
            assertThat(text(metrics, ServerMetrics.PROMETHEUS_TEXT), not(containsString("# EOF")));
        }
    }

    @Test
    void readsTheTemperatureOfEveryZone() throws IOException {
        zone("thermal_zone0", "cpu-thermal", "48250");
        zone("thermal_zone1", "cpu-thermal", "50000");
        zone("thermal_zone2", "gpu-thermal", "");
        Files.createDirectories(folder.resolve("sys/class/thermal/cooling_device0"));

        try (ServerMetrics metrics = ServerMetrics.create(machine())) {
            String text = text(metrics, ServerMetrics.PROMETHEUS_TEXT);

            assertThat(
                    text, containsString("mobilediffusion_device_temperature_celsius{zone=\"cpu-thermal\"} 48.25\n"));
            assertThat(text, containsString("{zone=\"cpu-thermal-thermal_zone1\"} 50.0\n"));
            assertThat(text, containsString("{zone=\"gpu-thermal\"} NaN\n"));
        }
    }

    @Test
    void readsTheResidentMemoryOfTheProcess() throws IOException {
        Path status = Files.createDirectories(folder.resolve("proc/self")).resolve("status");
        Files.writeString(status, "Name:\tjava\nVmRSS:\t  2048 kB\nThreads:\t9\n");
        try (ServerMetrics metrics = ServerMetrics.create(machine())) {
            assertThat(
                    text(metrics, ServerMetrics.PROMETHEUS_TEXT),
                    containsString("process_resident_memory_bytes 2097152.0\n"));
        }
    }

    @Test
    void showsBatteryConditionAndWhatComputes() throws IOException {
        Path battery = Files.createDirectories(folder.resolve("sys/class/power_supply/BAT0"));
        Files.writeString(battery.resolve("type"), "Battery\n");
        Files.writeString(battery.resolve("capacity"), "57\n");
        Files.writeString(battery.resolve("status"), "Discharging\n");
        try (ServerMetrics metrics = ServerMetrics.create(machine())) {
            metrics.watchDevice(() -> DeviceCondition.WARM);
            metrics.describeExecution(
                    new ExecutionPlan("xnnpack", "asked for", List.of("cpu", "xnnpack"), 4, "1.21.0", Map.of()));
            String text = text(metrics, ServerMetrics.PROMETHEUS_TEXT);

            assertThat(text, containsString("mobilediffusion_device_battery_percent 57.0\n"));
            assertThat(text, containsString("mobilediffusion_device_discharging 1.0\n"));
            assertThat(text, containsString("mobilediffusion_device_condition{condition=\"warm\"} 1.0\n"));
            assertThat(text, containsString("mobilediffusion_device_condition{condition=\"hot\"} 0.0\n"));
            assertThat(
                    text,
                    containsString("mobilediffusion_execution_info{onnxruntime=\"1.21.0\",provider=\"xnnpack\","
                            + "threads=\"4\"} 1\n"));
        }
    }

    private Machine machine() {
        return Machine.at(folder);
    }

    private void zone(String name, String type, String millidegrees) throws IOException {
        Path zone = Files.createDirectories(folder.resolve("sys/class/thermal/" + name));
        Files.writeString(zone.resolve("type"), type + "\n");
        Files.writeString(zone.resolve("temp"), millidegrees + "\n");
    }

    private static double value(String text, String name) {
        return text.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }

    private static String text(ServerMetrics metrics, String contentType) {
        return new String(metrics.scrape(contentType), StandardCharsets.UTF_8);
    }
}
