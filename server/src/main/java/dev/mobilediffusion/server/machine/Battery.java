package dev.mobilediffusion.server.machine;

import java.util.List;
import java.util.OptionalInt;

/** The device's power supply: mains, or a battery with a charge. */
public final class Battery {

    private static final String SUPPLIES = "sys/class/power_supply";

    private final LinuxFiles files;

    Battery(LinuxFiles files) {
        this.files = files;
    }

    /** Charge of the emptiest battery that feeds the device, in [0, 100]; empty where there is none. */
    public OptionalInt percent() {
        return batteries().stream()
                .flatMapToLong(supply -> files.number(supply + "/capacity").stream())
                .filter(percent -> percent >= 0 && percent <= 100)
                .mapToInt(Math::toIntExact)
                .min();
    }

    /** Whether the device runs on its battery now. */
    public boolean isDischarging() {
        return batteries().stream()
                .anyMatch(supply -> files.text(supply + "/status").orElse("").equalsIgnoreCase("Discharging"));
    }

    /** Not those of a mouse or a pen, which have the scope Device. */
    private List<String> batteries() {
        return files.names(SUPPLIES, "").stream()
                .map(name -> SUPPLIES + "/" + name)
                .filter(supply -> files.text(supply + "/type").orElse("").equals("Battery"))
                .filter(supply ->
                        !files.text(supply + "/scope").orElse("System").equals("Device"))
                .toList();
    }
}
