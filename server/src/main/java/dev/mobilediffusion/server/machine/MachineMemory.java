package dev.mobilediffusion.server.machine;

import java.util.OptionalLong;
import java.util.stream.Stream;

/** Memory of the machine, or of the container around this process. */
public final class MachineMemory {

    private final LinuxFiles files;

    MachineMemory(LinuxFiles files) {
        this.files = files;
    }

    /** Bytes that this process could still take before the kernel begins to kill; empty where the system does not say. */
    public OptionalLong availableBytes() {
        return Stream.of(
                        kilobytes("proc/meminfo", "MemAvailable:"),
                        room("sys/fs/cgroup/", "memory.max", "memory.current"),
                        room("sys/fs/cgroup/memory/", "memory.limit_in_bytes", "memory.usage_in_bytes"))
                .flatMapToLong(OptionalLong::stream)
                .min();
    }

    /** Bytes of RAM that process {@code pid} holds now, native memory included; empty where the system does not say. */
    public OptionalLong residentBytes(long pid) {
        return kilobytes("proc/" + pid + "/status", "VmRSS:");
    }

    /** Bytes of RAM that this process holds now. */
    public OptionalLong residentBytes() {
        return kilobytes("proc/self/status", "VmRSS:");
    }

    /** Most bytes of RAM that this process ever held. */
    public OptionalLong peakBytes() {
        return kilobytes("proc/self/status", "VmHWM:");
    }

    private OptionalLong kilobytes(String file, String field) {
        OptionalLong kilobytes = files.field(file, field);
        return kilobytes.isPresent() ? OptionalLong.of(kilobytes.getAsLong() * 1024) : kilobytes;
    }

    private OptionalLong room(String folder, String limit, String usage) {
        OptionalLong most = files.number(folder + limit);
        OptionalLong used = files.number(folder + usage);
        if (most.isEmpty() || used.isEmpty()) {
            return OptionalLong.empty();
        }
        // What was read from files counts as used, but goes before anything is killed
        long reclaimable = files.field(folder + "memory.stat", "inactive_file ").orElse(0);
        return OptionalLong.of(Math.max(0, most.getAsLong() - used.getAsLong() + reclaimable));
    }
}
