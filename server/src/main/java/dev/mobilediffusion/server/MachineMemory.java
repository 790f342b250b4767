package dev.mobilediffusion.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Memory that this process could still take before the kernel begins to kill: the machine's, or its container's. */
final class MachineMemory {

    private final Path root;

    /** @param root of the file system: {@code /}, but in tests */
    MachineMemory(Path root) {
        this.root = root;
    }

    /** Bytes; empty where the system does not say (only Linux does). */
    OptionalLong availableBytes() {
        OptionalLong machine = meminfo();
        OptionalLong container = room("sys/fs/cgroup/", "memory.max", "memory.current");
        OptionalLong older = room("sys/fs/cgroup/memory/", "memory.limit_in_bytes", "memory.usage_in_bytes");
        long least = Long.MAX_VALUE;
        for (OptionalLong bound : new OptionalLong[] {machine, container, older}) {
            least = Math.min(least, bound.orElse(Long.MAX_VALUE));
        }
        return least == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(least);
    }

    private OptionalLong meminfo() {
        OptionalLong kilobytes = field("proc/meminfo", "MemAvailable:");
        return kilobytes.isPresent() ? OptionalLong.of(kilobytes.getAsLong() * 1024) : kilobytes;
    }

    private OptionalLong room(String folder, String limit, String usage) {
        OptionalLong most = number(folder + limit);
        OptionalLong used = number(folder + usage);
        if (most.isEmpty() || used.isEmpty()) {
            return OptionalLong.empty();
        }
        // What was read from files counts as used, but goes before anything is killed
        long reclaimable = field(folder + "memory.stat", "inactive_file ").orElse(0);
        return OptionalLong.of(Math.max(0, most.getAsLong() - used.getAsLong() + reclaimable));
    }

    /** The number in the first line of a file that begins with {@code name}. */
    private OptionalLong field(String file, String name) {
        try {
            return Files.readAllLines(root.resolve(file)).stream()
                    .filter(line -> line.startsWith(name))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst();
        } catch (IOException elsewhere) {
            return OptionalLong.empty();
        }
    }

    /** The number in a file; empty where there is none, or the word max. */
    private OptionalLong number(String file) {
        try {
            String text = Files.readString(root.resolve(file)).strip();
            return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
        } catch (IOException elsewhere) {
            return OptionalLong.empty();
        }
    }
}
