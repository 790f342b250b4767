package dev.mobilediffusion.server.machine;

import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Looks at the device's sensors every two seconds and says what they allow. A limit that was passed holds until the value
 * is {@value #HYSTERESIS} degrees or percent on the good side of it again, so that the server does not change its mind with every
 * image; each change is logged once. Without sensors it does nothing, and everything is allowed. Thread-safe.
 */
public final class DeviceGuard implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(DeviceGuard.class.getName());

    private static final int HYSTERESIS = 3;
    private static final Duration PERIOD = Duration.ofSeconds(2);
    private static final Duration LONGEST_REST = Duration.ofSeconds(30);

    private final DeviceLimits limits;
    private final List<ThermalZone> zones;
    private final Battery battery;
    private DeviceCondition condition = DeviceCondition.NORMAL;
    private String reason = "";
    private boolean closed;

    private DeviceGuard(Machine machine, DeviceLimits limits) {
        this.limits = limits;
        this.zones = machine.thermalZones();
        this.battery = machine.battery();
    }

    /** Looks at once, and from then on where there is something to look at. */
    public static DeviceGuard start(Machine machine, DeviceLimits limits) {
        DeviceGuard guard = new DeviceGuard(machine, limits);
        guard.look();
        if (!guard.zones.isEmpty() || guard.battery.percent().isPresent()) {
            Thread.ofPlatform().name("device-guard").daemon().start(guard::watch);
        }
        return guard;
    }

    public synchronized DeviceCondition condition() {
        return condition;
    }

    /** Why it is not normal, in words that a client may read; empty when it is. */
    public synchronized String reason() {
        return reason;
    }

    /**
     * Waits between two images: not at all while the device is normal; as long as the last image took, {@code drawn}, and
     * 30 s at most, while it is warm, so that it computes half of the time; and until it has recovered while nothing may be
     * drawn. Ends early when the device becomes normal, or this is closed.
     */
    public synchronized void rest(Duration drawn) throws InterruptedException {
        Duration share = drawn.compareTo(LONGEST_REST) < 0 ? drawn : LONGEST_REST;
        long end = System.nanoTime() + share.toNanos();
        while (!closed && condition != DeviceCondition.NORMAL) {
            long left = end - System.nanoTime();
            if (condition.draws() && left <= 0) {
                return;
            }
            wait(condition.draws() ? left / 1_000_000 + 1 : 0);
        }
    }

    private synchronized void watch() {
        try {
            while (!closed) {
                wait(PERIOD.toMillis());
                look();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reads the sensors. */
    synchronized void look() {
        OptionalDouble hottest =
                zones.stream().flatMapToDouble(zone -> zone.celsius().stream()).max();
        DeviceCondition now = judge(hottest);
        if (now == condition) {
            return;
        }
        reason = now == DeviceCondition.NORMAL ? "" : explain(now, hottest);
        condition = now;
        notifyAll();
        if (now == DeviceCondition.NORMAL) {
            LOG.log(System.Logger.Level.INFO, "device=normal: heat and battery are within their limits again");
        } else {
            LOG.log(System.Logger.Level.WARNING, "device={0}: {1}", now.label(), reason);
        }
    }

    private DeviceCondition judge(OptionalDouble hottest) {
        if (isAbove(hottest, limits.hardCelsius(), condition == DeviceCondition.HOT)) {
            return DeviceCondition.HOT;
        }
        if (isBatteryLow()) {
            return DeviceCondition.BATTERY_LOW;
        }
        boolean wasWarm = condition == DeviceCondition.WARM || condition == DeviceCondition.HOT;
        return isAbove(hottest, limits.softCelsius(), wasWarm) ? DeviceCondition.WARM : DeviceCondition.NORMAL;
    }

    /** What was, where no sensor answers. */
    private static boolean isAbove(OptionalDouble celsius, int limit, boolean was) {
        return celsius.isPresent() ? celsius.getAsDouble() >= (was ? limit - HYSTERESIS : limit) : was;
    }

    private boolean isBatteryLow() {
        boolean was = condition == DeviceCondition.BATTERY_LOW;
        return battery.isDischarging()
                && battery.percent().orElse(100) < limits.batteryPercent() + (was ? HYSTERESIS : 0);
    }

    private String explain(DeviceCondition now, OptionalDouble hottest) {
        long celsius = Math.round(hottest.orElse(0));
        return switch (now) {
            case NORMAL -> "";
            case WARM ->
                "the device is warm (%s °C, from %s °C on it rests between pictures)"
                        .formatted(celsius, limits.softCelsius());
            case HOT -> "the device is too hot to draw (%s °C, limit %s °C)".formatted(celsius, limits.hardCelsius());
            case BATTERY_LOW ->
                "the device runs on its battery, which is nearly empty (%s %%, limit %s %%)"
                        .formatted(battery.percent().orElse(0), limits.batteryPercent());
        };
    }

    /** Stops looking and lets everybody who rests go on. */
    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
    }
}
