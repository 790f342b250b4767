package dev.mobilediffusion.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Memory of a process, native memory of the networks included, as the kernel counts it. */
final class ResidentMemory {

    private static final String PEAK = "VmHWM:";
    private static final String CURRENT = "VmRSS:";

    private ResidentMemory() {}

    /** Most bytes of RAM that this process ever held; empty where the system does not say (only Linux does). */
    static OptionalLong peakBytes() {
        return bytes(Path.of("/proc/self/status"), PEAK);
    }

    /** Bytes of RAM that process {@code pid} holds now; empty where the system does not say. */
    static OptionalLong currentBytes(long pid) {
        return bytes(Path.of("/proc", Long.toString(pid), "status"), CURRENT);
    }

    private static OptionalLong bytes(Path status, String field) {
        if (!Files.isReadable(status)) {
            return OptionalLong.empty();
        }
        try {
            return Files.readAllLines(status).stream()
                    .filter(line -> line.startsWith(field))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst();
        } catch (IOException unreadable) {
            return OptionalLong.empty();
        }
    }
}
