package dev.mobilediffusion.server.machine;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcessorsTest {

    @TempDir
    private Path root;

    private FakeSys sys;

    @BeforeEach
    void fakeSys() {
        sys = new FakeSys(root);
    }

    @Test
    void aRaspberryPi5ComputesOnAllFour() {
        sys.capacities(1024, 1024, 1024, 1024).write("proc/self/status", "Cpus_allowed_list:\t0-3");

        assertThat(threads(4), is(4));
    }

    @Test
    void aPixelLeavesItsLittleOnesOut() {
        // Pixel 6: four A55, two A76, two X1. Two threads give 2048, four 4 * 498, eight 8 * 160
        sys.capacities(160, 160, 160, 160, 498, 498, 1024, 1024);
        assertThat(threads(8), is(2));
    }

    @Test
    void aPixelWithOnePrimeTakesItsMiddleOnesAlong() {
        // Pixel 8: four A510, four A715, one X3. One thread gives 1024, five 5 * 780
        sys.capacities(230, 230, 230, 230, 780, 780, 780, 780, 1024);
        assertThat(threads(9), is(5));
    }

    @Test
    void aVirtualMachineOfTwoComputesOnBoth() {
        sys.write("sys/devices/system/cpu/cpu0/online", "1").write("sys/devices/system/cpu/cpu1/online", "1");

        assertThat(threads(2), is(2));
    }

    @Test
    void keepsWithinWhatJavaMayUse() {
        sys.capacities(446, 446, 1024, 1024);

        assertThat(threads(1), is(1));
    }

    @Test
    void keepsWithinTheQuotaOfEveryControlGroupAround() {
        sys.capacities(1024, 1024, 1024, 1024)
                .write("proc/self/cgroup", "0::/system.slice/mobilediffusion.service")
                .write("sys/fs/cgroup/system.slice/mobilediffusion.service/cpu.max", "max 100000")
                .write("sys/fs/cgroup/system.slice/cpu.max", "250000 100000");
        assertThat(threads(4), is(3));

        sys.write("sys/fs/cgroup/cpu.max", "100000 100000");
        assertThat(threads(4), is(1));
    }

    @Test
    void keepsWithinAQuotaOfTheFirstKind() {
        sys.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000")
                .write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
        assertThat(threads(4), is(2));

        sys.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1");
        assertThat(threads(4), is(4));
    }

    @Test
    void countsOnlyProcessorsThatItMayRunOn() {
        sys.capacities(446, 446, 446, 446, 1024, 1024).write("proc/self/status", "Cpus_allowed_list:\t0-2,4");

        assertThat(threads(4), is(4)); // 4 * 446 is more than 1024
        sys.write("proc/self/status", "Cpus_allowed_list:\t0,4");
        assertThat(threads(2), is(1));
    }

    @Test
    void takesAllWhereTheSystemDoesNotSay() {
        assertThat(threads(6), is(6));
    }

    @Test
    void knowsTheProcessorsExtensions() {
        sys.write("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\nCPU part\t: 0xd4d");

        assertThat(processors().has("bf16"), is(true));
        assertThat(processors().has("asimd"), is(true));
        assertThat(processors().has("sve"), is(false));
    }

    @Test
    void identityIsTheProcessorsButNotItsClocks() {
        sys.write("proc/cpuinfo", "model name : A\ncpu MHz : 1000\nflags : avx2");
        String identity = processors().identity();

        sys.write("proc/cpuinfo", "model name : A\ncpu MHz : 2000\nflags : avx2");
        assertThat(processors().identity(), is(identity));
        sys.write("proc/cpuinfo", "model name : A\ncpu MHz : 1000\nflags : avx2 avx512f");
        assertThat(processors().identity(), is(not(identity)));
    }

    private int threads(int available) {
        return processors().threads(available);
    }

    private Processors processors() {
        return sys.machine().processors();
    }
}
