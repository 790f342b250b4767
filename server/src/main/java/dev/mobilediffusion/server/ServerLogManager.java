package dev.mobilediffusion.server;

import io.helidon.logging.common.LogConfig;
import java.util.Locale;
import java.util.logging.LogManager;

/**
 * Logging that lasts until the process ends. The JDK's own closes all handlers as soon as the process is told to stop,
 * and with them goes the line of the job that was still running.
 */
public final class ServerLogManager extends LogManager {

    private static volatile boolean lasting;

    /** For the JDK, which finds the class by a system property. */
    public ServerLogManager() {}

    /** To be called before anything logs; the resource {@code logging.properties} says what goes where. */
    static void install() {
        System.setProperty("java.util.logging.manager", ServerLogManager.class.getName());
        // The JDK's formatter takes the machine's language, in which a line's time may have digits that no tool reads
        Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
        LogConfig.configureRuntime();
        lasting = true;
    }

    @Override
    public void reset() {
        if (!lasting) {
            super.reset();
        }
    }
}
