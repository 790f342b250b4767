package dev.mobilediffusion.server.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A folder that looks like {@code /} to whoever reads {@code proc} and {@code sys}. */
public record FakeSys(Path root) {

    public FakeSys write(String file, String text) {
        try {
            Path target = root.resolve(file);
            Files.createDirectories(target.getParent());
            // As whole as the kernel's: who reads meanwhile sees the old text or the new one
            Path next = Files.writeString(root.resolve("next"), text + "\n");
            Files.move(next, target, StandardCopyOption.ATOMIC_MOVE);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One processor for each value, 1024 being the fastest. */
    public FakeSys capacities(int... values) {
        for (int cpu = 0; cpu < values.length; cpu++) {
            write("sys/devices/system/cpu/cpu" + cpu + "/cpu_capacity", Integer.toString(values[cpu]));
        }
        return write("sys/devices/system/cpu/cpufreq/boost", "1").write("sys/devices/system/cpu/online", "0-7");
    }

    public FakeSys zone(int number, String type, int milliCelsius) {
        String folder = "sys/class/thermal/thermal_zone" + number;
        return write(folder + "/type", type).write(folder + "/temp", Integer.toString(milliCelsius));
    }

    public FakeSys battery(int percent, String status) {
        String folder = "sys/class/power_supply/battery";
        return write(folder + "/type", "Battery")
                .write(folder + "/capacity", Integer.toString(percent))
                .write(folder + "/status", status);
    }

    public Machine machine() {
        return Machine.at(root);
    }
}
