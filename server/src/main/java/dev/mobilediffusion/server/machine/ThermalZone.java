package dev.mobilediffusion.server.machine;

import java.util.OptionalDouble;

/** One temperature of the device. */
public final class ThermalZone {

    /** Drivers of sensors that are off, or that measure something else, give numbers that no running device has. */
    private static final double LEAST = -50;

    private static final double MOST = 200;

    private final LinuxFiles files;
    private final String name;
    private final String temperature;

    ThermalZone(LinuxFiles files, String name, String temperature) {
        this.files = files;
        this.name = name;
        this.temperature = temperature;
    }

    /** What the kernel calls it, such as {@code cpu-thermal}; different for each zone of a machine. */
    public String name() {
        return name;
    }

    /** Degrees Celsius now; empty where the sensor does not answer. */
    public OptionalDouble celsius() {
        return files.number(temperature).stream()
                .mapToDouble(milli -> milli / 1000.0)
                .filter(celsius -> celsius >= LEAST && celsius <= MOST)
                .findFirst();
    }
}
