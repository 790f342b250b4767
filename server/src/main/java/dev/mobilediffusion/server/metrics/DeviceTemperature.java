package dev.mobilediffusion.server.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The board's temperatures, as Linux gives them: one folder per zone with its {@code type} and millidegrees. */
final class DeviceTemperature {

    private DeviceTemperature() {}

    /** A gauge for every zone below {@code thermalZones}; none where there is no such folder. */
    static void bindTo(MeterRegistry registry, Path thermalZones) {
        Set<String> names = new HashSet<>();
        for (Path zone : zones(thermalZones)) {
            String folder = zone.getFileName().toString();
            String type = firstLine(zone.resolve("type"), folder);
            // Two zones of one type would be one time series, so the second takes its folder's name along
            String name = names.add(type) ? type : type + "-" + folder;
            Gauge.builder("mobilediffusion.device.temperature", () -> celsius(zone.resolve("temp")))
                    .description("Temperature of a zone of the device")
                    .baseUnit("celsius")
                    .tag("zone", name)
                    .strongReference(true)
                    .register(registry);
        }
    }

    private static List<Path> zones(Path thermalZones) {
        if (!Files.isDirectory(thermalZones)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(thermalZones)) {
            return folders.filter(folder -> folder.getFileName().toString().startsWith("thermal_zone"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static double celsius(Path temperature) {
        try {
            return Integer.parseInt(firstLine(temperature, "")) / 1000.0;
        } catch (NumberFormatException e) {
            return Double.NaN; // a zone that is switched off answers with an error
        }
    }

    private static String firstLine(Path file, String otherwise) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            return otherwise;
        }
    }
}
