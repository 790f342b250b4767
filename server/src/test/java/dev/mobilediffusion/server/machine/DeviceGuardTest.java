package dev.mobilediffusion.server.machine;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class DeviceGuardTest {

    private static final DeviceLimits LIMITS = new DeviceLimits(80, 95, 20);

    @TempDir
    private Path root;

    private FakeSys sys;

    @BeforeEach
    void fakeSys() {
        sys = new FakeSys(root);
    }

    @Test
    void allowsEverythingWithoutSensors() throws InterruptedException {
        try (DeviceGuard guard = start()) {
            assertThat(guard.condition(), is(DeviceCondition.NORMAL));
            guard.rest(Duration.ofHours(1));
        }
    }

    @Test
    void theHottestZoneCountsAndALimitHoldsUntilItIsWellBelow() {
        sys.zone(0, "cpu-thermal", 40_000).zone(1, "gpu-thermal", 79_900);
        try (DeviceGuard guard = start()) {
            assertThat(guard.condition(), is(DeviceCondition.NORMAL));
            assertThat(after(guard, 80_000), is(DeviceCondition.WARM));
            assertThat(guard.reason(), containsString("80 °C"));
            assertThat(after(guard, 77_100), is(DeviceCondition.WARM));
            assertThat(after(guard, 76_900), is(DeviceCondition.NORMAL));
            assertThat(guard.reason(), is(""));
            assertThat(after(guard, 96_000), is(DeviceCondition.HOT));
            assertThat(after(guard, 92_000), is(DeviceCondition.HOT));
            assertThat(after(guard, 91_900), is(DeviceCondition.WARM));
            assertThat(after(guard, 78_000), is(DeviceCondition.WARM));
            assertThat(after(guard, 70_000), is(DeviceCondition.NORMAL));
        }
    }

    @Test
    void aSensorThatTellsNonsenseIsNotBelieved() {
        sys.zone(0, "off", -273_000).zone(1, "current", 2_147_483);
        try (DeviceGuard guard = start()) {
            assertThat(guard.condition(), is(DeviceCondition.NORMAL));
        }
    }

    @Test
    void anEmptyBatteryStopsItUnlessItIsBeingCharged() {
        sys.battery(19, "Discharging");
        try (DeviceGuard guard = start()) {
            assertThat(guard.condition(), is(DeviceCondition.BATTERY_LOW));
            assertThat(guard.reason(), containsString("19 %, limit 20 %"));
            sys.battery(22, "Discharging");
            guard.look();
            assertThat(guard.condition(), is(DeviceCondition.BATTERY_LOW));
            sys.battery(5, "Charging");
            guard.look();
            assertThat(guard.condition(), is(DeviceCondition.NORMAL));
            sys.battery(20, "Discharging");
            guard.look();
            assertThat(guard.condition(), is(DeviceCondition.NORMAL));
        }
    }

    @Test
    void theBatteryOfAMouseIsNotTheDevices() {
        sys.battery(1, "Discharging").write("sys/class/power_supply/battery/scope", "Device");
        try (DeviceGuard guard = start()) {
            assertThat(guard.condition(), is(DeviceCondition.NORMAL));
        }
    }

    @Test
    void restsAsLongAsTheLastImageTookWhileItIsWarm() throws InterruptedException {
        sys.zone(0, "cpu-thermal", 85_000);
        try (DeviceGuard guard = start()) {
            long begin = System.nanoTime();
            guard.rest(Duration.ofMillis(200));
            assertThat(Duration.ofNanos(System.nanoTime() - begin).compareTo(Duration.ofMillis(200)) >= 0, is(true));
        }
    }

    @Test
    void restsUntilItHasCooledAndNoLongerThanTheServerLives() {
        sys.zone(0, "cpu-thermal", 99_000);
        DeviceGuard guard = start();
        CompletableFuture<Void> resting = CompletableFuture.runAsync(() -> rest(guard));
        CompletableFuture<Void> closing = CompletableFuture.runAsync(() -> rest(guard));
        assertThat(resting.isDone(), is(false));
        after(guard, 60_000);
        resting.join();
        closing.join();
        after(guard, 99_000);
        CompletableFuture<Void> last = CompletableFuture.runAsync(() -> rest(guard));
        guard.close();
        last.join();
    }

    @Test
    void refusesLimitsThatContradictEachOther() {
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> new DeviceLimits(80, 70, 20));

        assertThat(refusal.getMessage(), is("heat-hard-celsius must be in [80, 200], got 70"));
    }

    private DeviceGuard start() {
        return DeviceGuard.start(sys.machine(), LIMITS);
    }

    private DeviceCondition after(DeviceGuard guard, int milliCelsius) {
        sys.zone(1, "gpu-thermal", milliCelsius).zone(0, "cpu-thermal", 40_000);
        guard.look();
        return guard.condition();
    }

    private static void rest(DeviceGuard guard) {
        try {
            guard.rest(Duration.ZERO);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
