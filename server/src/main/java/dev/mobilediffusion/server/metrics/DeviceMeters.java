package dev.mobilediffusion.server.metrics;

import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.server.machine.Battery;
import dev.mobilediffusion.server.machine.DeviceCondition;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.machine.ThermalZone;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Supplier;

/** The board's temperatures, battery and condition, and what computes on it. */
final class DeviceMeters {

    private DeviceMeters() {}

    /** A gauge for every thermal zone and for a battery; none on a machine that has neither. */
    static void bindTo(MeterRegistry registry, Machine machine) {
        for (ThermalZone zone : machine.thermalZones()) {
            Gauge.builder(
                            "mobilediffusion.device.temperature",
                            () -> zone.celsius().orElse(Double.NaN))
                    .description("Temperature of a zone of the device")
                    .baseUnit("celsius")
                    .tag("zone", zone.name())
                    .strongReference(true)
                    .register(registry);
        }
        Battery battery = machine.battery();
        if (battery.percent().isPresent()) {
            Gauge.builder(
                            "mobilediffusion.device.battery.percent",
                            () -> battery.percent().orElse(0))
                    .description("Charge of the battery, 0 to 100")
                    .strongReference(true)
                    .register(registry);
            Gauge.builder("mobilediffusion.device.discharging", () -> battery.isDischarging() ? 1 : 0)
                    .description("1 while the device runs on its battery")
                    .strongReference(true)
                    .register(registry);
        }
    }

    /** For each condition 1 while the device is in it, else 0. */
    static void watch(MeterRegistry registry, Supplier<DeviceCondition> current) {
        for (DeviceCondition condition : DeviceCondition.values()) {
            Gauge.builder("mobilediffusion.device.condition", () -> current.get() == condition ? 1 : 0)
                    .description("1 for what heat and battery allow now")
                    .tag("condition", condition.label())
                    .strongReference(true)
                    .register(registry);
        }
    }

    /** Always 1; the labels say what computes. */
    static void describe(MeterRegistry registry, ExecutionPlan plan) {
        Gauge.builder("mobilediffusion.execution.info", () -> 1)
                .description("What computes the networks")
                .tag("provider", plan.provider())
                .tag("onnxruntime", plan.onnxRuntime())
                .tag("threads", Integer.toString(plan.threads()))
                .strongReference(true)
                .register(registry);
    }
}
