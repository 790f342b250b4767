package dev.mobilediffusion.server.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The machine, read anew with each question. Thread-safe. */
public final class Machine {

    private static final String ZONES = "sys/class/thermal";

    private final LinuxFiles files;

    private Machine(LinuxFiles files) {
        this.files = files;
    }

    /** The one that this process runs on. */
    public static Machine here() {
        return at(Path.of("/"));
    }

    /** One whose {@code proc} and {@code sys} lie in {@code root}. */
    public static Machine at(Path root) {
        return new Machine(new LinuxFiles(root));
    }

    public Processors processors() {
        return new Processors(files);
    }

    public MachineMemory memory() {
        return new MachineMemory(files);
    }

    public Battery battery() {
        return new Battery(files);
    }

    /** Every thermal zone that Linux shows; none on most virtual machines. */
    public List<ThermalZone> thermalZones() {
        List<ThermalZone> zones = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (String folder : files.names(ZONES, "thermal_zone")) {
            String type = files.text(ZONES + "/" + folder + "/type").orElse(folder);
            // Two zones of one type would be one time series, so the second takes its folder's name along
            String name = names.add(type) ? type : type + "-" + folder;
            zones.add(new ThermalZone(files, name, ZONES + "/" + folder + "/temp"));
        }
        return List.copyOf(zones);
    }
}
