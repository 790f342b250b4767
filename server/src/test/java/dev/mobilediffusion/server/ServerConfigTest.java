package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.ExecutionProvider;
import dev.mobilediffusion.runtime.KernelSwitch;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.server.machine.DeviceLimits;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.security.PublicAddress;
import dev.mobilediffusion.server.settings.Setting;
import dev.mobilediffusion.server.settings.SettingValues;
import dev.mobilediffusion.server.settings.Settings;
import dev.mobilediffusion.server.store.Retention;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class ServerConfigTest extends ServerConfigFixture {

    @Test
    void defaultsServeThisMachineAlone() {
        ServerConfig config = ServerConfig.defaults(HOME);

        assertThat(config.host(), is("127.0.0.1"));
        assertThat(config.port(), is(8080));
        assertThat(config.models(), is(HOME.resolve("models")));
        assertThat(config.model(), is(Optional.empty()));
        assertThat(config.queueCapacity(), is(64));
        assertThat(config.gracePeriod(), is(Duration.ofSeconds(30)));
        assertThat(config.logPrompts(), is(false));
        assertThat(config.pictureMetadata(), is(true));
        assertThat(config.safetyChecker(), is(true));
        assertThat(config.retention(), is(new Retention(Duration.ofDays(7), 1L << 30, 32L << 20)));
        assertThat(
                config.http(),
                is(new HttpLimits(
                        1 << 20, 256, 16 << 10, Duration.ofMinutes(2), Duration.ofSeconds(10), Duration.ofMinutes(2))));
    }

    @Test
    void everySettingCanBeGiven() {
        Map<String, String> values = new TreeMap<>();
        values.put("lan", "true");
        values.put("insecure", "false");
        values.put("announce", "false");
        values.put("tls", "true");
        values.put("tls-certificate", "c");
        values.put("tls-key", "k");
        values.put("require-keys", "true");
        values.put("open-metrics", "true");
        values.put("open-ready", "true");
        values.put("allowed-hosts", "a.example, b");
        values.put("allowed-origins", "https://c.example");
        values.put("public-url", "https://Example.org/draw/");
        values.put("trusted-proxies", "127.0.0.1 fd00::/8");
        values.put("port", "9");
        values.put("grpc-port", "19");
        values.put("data", "d");
        values.put("models", "m");
        values.put("model", "full");
        values.put("queue-capacity", "5");
        values.put("queue", "nats://a:4222, tls://b:4223");
        values.put("queue-credentials", "board.creds");
        values.put("board", "kitchen");
        values.put("fleet-offline", "draw");
        values.put("fleet-ack-wait", "PT20S");
        values.put("fleet-replicas", "5");
        values.put("keep-jobs-for", "PT1H");
        values.put("keep-jobs-bytes", "5000000000");
        values.put("keep-free-bytes", "0");
        values.put("memory", "small");
        values.put("model-memory-bytes", "3000000000");
        values.put("unload-after", "PT2M");
        values.put("ep", "AUTO");
        values.put("ep-library", "libprovider.so");
        values.put("kernels", "bf16, no-kleidiai");
        values.put("threads", "3");
        values.put("heat-soft-celsius", "70");
        values.put("heat-hard-celsius", "90");
        values.put("battery-min-percent", "0");
        values.put("grace-period", "PT5S");
        values.put("max-body-bytes", "2048");
        values.put("max-connections", "7");
        values.put("max-header-bytes", "4096");
        values.put("idle-timeout", "PT9S");
        values.put("event-heartbeat", "PT3S");
        values.put("body-timeout", "PT4S");
        values.put("log-prompts", "true");
        values.put("picture-metadata", "false");
        values.put("safety-checker", "OFF");
        assertThat("no setting is left out here", values.keySet(), is(keysWithout("host")));

        assertThat(
                ConfigKeys.apply(ServerConfig.defaults(HOME), values),
                is(new ServerConfig(
                        "0.0.0.0",
                        9,
                        OptionalInt.of(19),
                        Path.of("d"),
                        Path.of("m"),
                        Optional.of("full"),
                        5,
                        new Retention(Duration.ofHours(1), 5_000_000_000L, 0),
                        Duration.ofSeconds(5),
                        new HttpLimits(
                                2048, 7, 4096, Duration.ofSeconds(9), Duration.ofSeconds(3), Duration.ofSeconds(4)),
                        new AccessConfig(
                                true,
                                false,
                                false,
                                true,
                                true,
                                true,
                                Set.of("a.example", "b"),
                                Set.of("https://c.example"),
                                new PublicAddress(
                                        Optional.of("https://example.org/draw"), Set.of("127.0.0.1", "fd00::/8"))),
                        new TlsConfig(true, Optional.of(Path.of("c")), Optional.of(Path.of("k"))),
                        new ModelMemory(RuntimeOptions.MemoryProfile.SMALL, 3_000_000_000L, Duration.ofMinutes(2)),
                        new DeviceConfig(
                                new Execution(
                                        ExecutionProvider.AUTO,
                                        Optional.of(Path.of("libprovider.so")),
                                        Set.of(KernelSwitch.BF16, KernelSwitch.NO_KLEIDIAI)),
                                3,
                                new DeviceLimits(70, 90, 0)),
                        true,
                        false,
                        false,
                        Optional.of(new FleetOptions(
                                List.of("nats://a:4222", "tls://b:4223"),
                                Optional.of(Path.of("board.creds")),
                                FleetOptions.Offline.DRAW,
                                "kitchen",
                                Duration.ofSeconds(20),
                                Duration.ofHours(1),
                                OptionalInt.of(5))))));
    }

    @Test
    void grpcIsServedAtTheNextPortUnlessToldOtherwise() {
        ServerConfig defaults = ServerConfig.defaults(HOME);

        assertThat(defaults.grpcPortToListenAt(), is(8081));
        assertThat(ConfigKeys.apply(defaults, Map.of("port", "0")).grpcPortToListenAt(), is(0));
        assertThat(ConfigKeys.apply(defaults, Map.of("port", "90")).grpcPortToListenAt(), is(91));
        assertThat(ConfigKeys.apply(defaults, Map.of("grpc-port", "0")).grpcPortToListenAt(), is(0));
    }

    @Test
    void theLastWordSaysWhoMayCome() {
        ServerConfig lan = ConfigKeys.apply(ServerConfig.defaults(HOME), Map.of("lan", "true"));
        assertThat(lan.host(), is("0.0.0.0"));

        ServerConfig alone = ConfigKeys.apply(lan, Map.of("host", "127.0.0.1"));
        assertThat(alone.access().lan(), is(false));
        assertThat(alone.host(), is("127.0.0.1"));
        assertThat(
                assertThrows(
                                IllegalArgumentException.class,
                                () -> ConfigKeys.apply(lan, Map.of("host", "127.0.0.1", "lan", "true")))
                        .getMessage(),
                is("host and lan exclude each other, give one of them"));
    }

    @Test
    void settingsComeFromTheEnvironmentToo() {
        Map<String, String> found = SettingValues.ofEnvironment(
                Map.of("MOBILEDIFFUSION_QUEUE_CAPACITY", "5", "MOBILEDIFFUSION_JAVA_OPTS", "-Xmx1g", "PATH", "/bin"));

        assertThat(found, is(Map.of("queue-capacity", "5")));
    }

    @Test
    void dataLiesWhereTheUsersProgramsKeepTheirs() {
        Path home = Path.of("/home/ann");

        assertThat(UserFolders.data(Map.of(), home), is(home.resolve(".local/share/mobilediffusion")));
        assertThat(UserFolders.data(Map.of("XDG_DATA_HOME", "/data"), home), is(Path.of("/data/mobilediffusion")));
        assertThat(
                "a relative path is to be ignored",
                UserFolders.data(Map.of("XDG_DATA_HOME", "data"), home).toString(),
                containsString("ann"));
    }

    private static Set<String> keysWithout(String key) {
        Set<String> keys = Settings.ALL.stream().map(Setting::key).collect(Collectors.toCollection(TreeSet::new));
        keys.remove(key);
        return keys;
    }
}
