package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MachineMemoryTest {

    @TempDir
    private Path root;

    @Test
    void readsWhatTheMachineHas() throws IOException {
        write("proc/meminfo", "MemTotal:  2000 kB\nMemFree:  10 kB\nMemAvailable:   1000 kB\n");

        assertThat(new MachineMemory(root).availableBytes(), is(OptionalLong.of(1_024_000)));
    }

    @Test
    void heedsAContainersBound() throws IOException {
        write("proc/meminfo", "MemAvailable:   1000 kB\n");
        write("sys/fs/cgroup/memory.max", "700000\n");
        write("sys/fs/cgroup/memory.current", "200000\n");

        assertThat(new MachineMemory(root).availableBytes(), is(OptionalLong.of(500_000)));

        write("sys/fs/cgroup/memory.stat", "anon 5\ninactive_file 150000\n");
        assertThat(new MachineMemory(root).availableBytes(), is(OptionalLong.of(650_000)));

        write("sys/fs/cgroup/memory.max", "max\n");
        assertThat(new MachineMemory(root).availableBytes(), is(OptionalLong.of(1_024_000)));
    }

    @Test
    void saysNothingWhereTheSystemDoesNot() {
        assertThat(new MachineMemory(root).availableBytes(), is(OptionalLong.empty()));
    }

    @Test
    void theBudgetIsWhatIsSetElseMostOfWhatIsFree() {
        ModelMemory set = new ModelMemory(MemoryProfile.SMALL, 5000, Duration.ofMinutes(1));

        assertThat(set.budget(OptionalLong.of(1000)), is(5000L));
        assertThat(ModelMemory.DEFAULT.budget(OptionalLong.of(1000)), is(800L));
        assertThat(ModelMemory.DEFAULT.budget(OptionalLong.empty()), is(Long.MAX_VALUE));
    }

    private void write(String file, String text) throws IOException {
        Path target = root.resolve(file);
        Files.createDirectories(target.getParent());
        Files.writeString(target, text);
    }
}
