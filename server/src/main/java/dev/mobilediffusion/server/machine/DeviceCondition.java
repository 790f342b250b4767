package dev.mobilediffusion.server.machine;

import java.util.Locale;

/** What heat and battery allow; the worse, the later. */
public enum DeviceCondition {
    /** Everything. */
    NORMAL,
    /** Above the soft limit: the server rests between images. */
    WARM,
    /** On a battery below its limit: nothing is drawn. */
    BATTERY_LOW,
    /** Above the hard limit: nothing is drawn. */
    HOT;

    /** Its spelling in metrics and messages: {@code battery_low}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether images may be drawn at all. */
    public boolean draws() {
        return this == NORMAL || this == WARM;
    }
}
