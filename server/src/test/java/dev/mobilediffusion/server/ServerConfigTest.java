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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ServerConfigTest {

    private static final Path HOME = Path.of("home");

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
    void anUnknownSettingIsRefusedWithTheNearestKnownOne() {
        assertThat(refusal("queue-capasity", "5"), is("unknown setting queue-capasity; did you mean queue-capacity?"));
    }

    @ParameterizedTest
    @CsvSource({
        "port,-1,'port must be in [0, 65535], got -1'",
        "port,65536,'port must be in [0, 65535], got 65536'",
        "port,5000000000,'port must be a whole number of at most 31 bits, got \"5000000000\"'",
        "port,http,'port must be a whole number, got \"http\"'",
        "ep,fast,'ep must be one of auto, cpu, xnnpack, acl, dnnl, nnapi, qnn, webgpu, coreml, openvino, cuda, got"
                + " \"fast\"'",
        "kernels,fp4,'kernels must be some of bf16, lut-gemm, no-kleidiai, with commas, got \"fp4\"'",
        "threads,257,'threads must be in [0, 256], got 257'",
        "heat-soft-celsius,10,'heat-soft-celsius must be in [20, 200], got 10'",
        "heat-hard-celsius,79,'heat-hard-celsius must be in [80, 200], got 79'",
        "battery-min-percent,101,'battery-min-percent must be in [0, 100], got 101'",
        "port,65535,'grpc-port must be given where port is 65535, the last'",
        "grpc-port,65536,'grpc-port must be in [0, 65535], got 65536'",
        "grpc-port,8080,'grpc-port must be another than port, got 8080 for both'",
        "queue-capacity,0,'queue-capacity must be in [1, 10000], got 0'",
        "memory,tiny,'memory must be speed or small, got \"tiny\"'",
        "unload-after,PT0S,'unload-after must be positive, got PT0S'",
        "grace-period,PT0S,'grace-period must be positive, got PT0S'",
        "grace-period,soon,'grace-period must be a duration such as PT30S, got \"soon\"'",
        "max-connections,0,'max-connections must be in [1, 65535], got 0'",
        "max-body-bytes,10,'max-body-bytes must be in [1024, 1073741824], got 10'",
        "log-prompts,yes,'log-prompts must be true or false, got \"yes\"'",
        "host,'  ','host must not be empty'",
        "tls-key,k,'tls-certificate and tls-key come together or not at all'",
        "safety-checker,maybe,'safety-checker must be on or off, got \"maybe\"'",
        "insecure,maybe,'insecure must be true or false, got \"maybe\"'",
        "allowed-hosts,a.example:80,'allowed-hosts must be names such as pictures.example.org, got ''a.example:80'''",
        "public-url,example.org,'public-url must be such as https://pictures.example.org or https://example.org/draw,"
                + " got ''example.org'''",
        "public-url,https://example.org/?a=b,'public-url must be such as https://pictures.example.org or"
                + " https://example.org/draw, got ''https://example.org/?a=b'''",
        "trusted-proxies,proxy.example,'trusted-proxies must be addresses or ranges such as 127.0.0.1, 10.0.0.0/8 or"
                + " fd00::/8, got ''proxy.example'''",
        "trusted-proxies,10.0.0.0/33,'trusted-proxies must be addresses or ranges such as 127.0.0.1, 10.0.0.0/8 or"
                + " fd00::/8, got ''10.0.0.0/33'''",
        "allowed-origins,c.example,'allowed-origins must be such as https://chat.example.org, without a path, got"
                + " ''c.example'''",
    })
    void aWrongValueIsRefusedWithBoundAndValue(String key, String value, String sentence) {
        assertThat(refusal(key, value), is(sentence));
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

    private static String refusal(String key, String value) {
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> ConfigKeys.apply(ServerConfig.defaults(HOME), Map.of(key, value)))
                .getMessage();
    }
}
