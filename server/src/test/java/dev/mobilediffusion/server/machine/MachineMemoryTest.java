package dev.mobilediffusion.server.machine;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MachineMemoryTest {

    @TempDir
    private Path root;

    @Test
    void readsWhatTheMachineHas() throws IOException {
        write("proc/meminfo", "MemTotal:  2000 kB\nMemFree:  10 kB\nMemAvailable:   1000 kB\n");

        assertThat(memory().availableBytes(), is(OptionalLong.of(1_024_000)));
    }

    @Test
    void heedsAContainersBound() throws IOException {
        write("proc/meminfo", "MemAvailable:   1000 kB\n");
        write("sys/fs/cgroup/memory.max", "700000\n");
        write("sys/fs/cgroup/memory.current", "200000\n");

        assertThat(memory().availableBytes(), is(OptionalLong.of(500_000)));

        write("sys/fs/cgroup/memory.stat", "anon 5\ninactive_file 150000\n");
        assertThat(memory().availableBytes(), is(OptionalLong.of(650_000)));

        write("sys/fs/cgroup/memory.max", "max\n");
        assertThat(memory().availableBytes(), is(OptionalLong.of(1_024_000)));
    }

    @Test
    void saysNothingWhereTheSystemDoesNot() {
        assertThat(memory().availableBytes(), is(OptionalLong.empty()));
    }

    @Test
    void tellsWhatAProcessHolds() throws IOException {
        write("proc/self/status", "Name:\tjava\nVmHWM:\t  4096 kB\nVmRSS:\t  2048 kB\nThreads:\t9\n");
        write("proc/77/status", "VmRSS:\t1 kB\n");

        assertThat(memory().residentBytes(), is(OptionalLong.of(2048 * 1024)));
        assertThat(memory().peakBytes(), is(OptionalLong.of(4096 * 1024)));
        assertThat(memory().residentBytes(77), is(OptionalLong.of(1024)));
        assertThat(memory().residentBytes(78), is(OptionalLong.empty()));
    }

    private MachineMemory memory() {
        return Machine.at(root).memory();
    }

    private void write(String file, String text) throws IOException {
        Path target = root.resolve(file);
        Files.createDirectories(target.getParent());
        Files.writeString(target, text);
    }
}
