package dev.mobilediffusion.server.metrics;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Memory of a process, native memory of the networks included, as the kernel counts it: proc(5), {@code /proc/PID/status}.
 *
 * <p>A reading makes little garbage, since a scrape of the metrics and a benchmark read it again and again.
 */
public final class ResidentMemory {

    private static final Pattern PEAK = line("VmHWM");
    private static final Pattern CURRENT = line("VmRSS");

    private static final int LONGEST_STATUS = 8192;

    private ResidentMemory() {}

    /** Most bytes of RAM that this process ever held; empty where the system does not say (only Linux does). */
    public static OptionalLong peakBytes() {
        return bytes(Path.of("/proc/self/status"), PEAK);
    }

    /** Bytes of RAM that process {@code pid} holds now; empty where the system does not say. */
    public static OptionalLong currentBytes(long pid) {
        return currentBytes(Path.of("/proc", Long.toString(pid), "status"));
    }

    /** Bytes of RAM that the process holds whose {@code /proc/PID/status} this is; empty where it does not say. */
    static OptionalLong currentBytes(Path processStatus) {
        return bytes(processStatus, CURRENT);
    }

    private static Pattern line(String field) {
        return Pattern.compile("^" + field + ":\\s*(\\d+) kB$", Pattern.MULTILINE);
    }

    private static OptionalLong bytes(Path processStatus, Pattern field) {
        try (InputStream status = Files.newInputStream(processStatus)) {
            Matcher line = field.matcher(new String(status.readNBytes(LONGEST_STATUS), StandardCharsets.ISO_8859_1));
            return line.find() ? OptionalLong.of(Long.parseLong(line.group(1)) * 1024) : OptionalLong.empty();
        } catch (IOException | NumberFormatException unreadable) {
            return OptionalLong.empty();
        }
    }
}
