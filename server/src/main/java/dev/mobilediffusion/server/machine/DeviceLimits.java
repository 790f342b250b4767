package dev.mobilediffusion.server.machine;

/**
 * How warm and how empty the device may get.
 *
 * @param softCelsius from here on the server rests between images, in [{@value #MIN_CELSIUS}, {@value #MAX_CELSIUS}]
 * @param hardCelsius from here on it draws nothing and refuses new jobs; at least {@code softCelsius}
 * @param batteryPercent below this charge a device that runs on its battery does the same, in [0, 100]; 0 for never
 */
public record DeviceLimits(int softCelsius, int hardCelsius, int batteryPercent) {

    public static final int MIN_CELSIUS = 20;
    public static final int MAX_CELSIUS = 200;

    /** Where a Raspberry Pi 5 begins to slow down by itself; and below where processors switch off. */
    public static final DeviceLimits DEFAULT = new DeviceLimits(80, 95, 20);

    public DeviceLimits {
        requireInRange("heat-soft-celsius", softCelsius, MIN_CELSIUS, MAX_CELSIUS);
        requireInRange("heat-hard-celsius", hardCelsius, softCelsius, MAX_CELSIUS);
        requireInRange("battery-min-percent", batteryPercent, 0, 100);
    }

    private static void requireInRange(String name, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException("%s must be in [%s, %s], got %s".formatted(name, min, max, value));
        }
    }
}
