package dev.mobilediffusion.runtime;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcessorsTest {

    @TempDir
    private Path root;

    @Test
    void leavesLittleProcessorsOut() throws IOException {
        capacities(446, 446, 446, 446, 871, 871, 1024, 1024);

        assertThat(new Processors(root).worthAThread(8), is(4));
    }

    @Test
    void keepsWithinAContainersQuota() throws IOException {
        capacities(446, 446, 1024, 1024);

        assertThat(new Processors(root).worthAThread(1), is(1));
    }

    @Test
    void takesAllWhereTheyAreEqual() throws IOException {
        capacities(1024, 1024, 1024, 1024);

        assertThat(new Processors(root).worthAThread(4), is(4));
    }

    @Test
    void takesAllWhereTheSystemDoesNotSay() throws IOException {
        assertThat(new Processors(root).worthAThread(6), is(6));
        Files.createDirectories(root.resolve("sys/devices/system/cpu/cpu0"));
        assertThat(new Processors(root).worthAThread(6), is(6));
    }

    private void capacities(int... values) throws IOException {
        for (int cpu = 0; cpu < values.length; cpu++) {
            Path folder = Files.createDirectories(root.resolve("sys/devices/system/cpu/cpu" + cpu));
            Files.writeString(folder.resolve("cpu_capacity"), values[cpu] + "\n");
        }
    }
}
