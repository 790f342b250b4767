package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.ExecutionProvider;
import dev.mobilediffusion.runtime.KernelSwitch;
import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.machine.DeviceLimits;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.security.PublicAddress;
import dev.mobilediffusion.server.settings.SettingValues;
import dev.mobilediffusion.server.store.Retention;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/** A {@link ServerConfig} from settings: which of its parts each of them is. */
public final class ConfigKeys {

    private final SettingValues values;

    private ConfigKeys(SettingValues values) {
        this.values = values;
    }

    /**
     * {@code defaults} with every given key in its place.
     *
     * @throws IllegalArgumentException naming an unknown key, or key, bound and value of a wrong one
     */
    public static ServerConfig apply(ServerConfig defaults, Map<String, String> values) {
        return new ConfigKeys(SettingValues.of(values)).over(defaults);
    }

    private ServerConfig over(ServerConfig base) {
        HttpLimits http = new HttpLimits(
                values.whole("max-body-bytes", base.http().maxBodyBytes()),
                (int) values.whole("max-connections", base.http().maxConnections()),
                (int) values.whole("max-header-bytes", base.http().maxHeaderBytes()),
                values.duration("idle-timeout", base.http().idleTimeout()),
                values.duration("event-heartbeat", base.http().eventHeartbeat()),
                values.duration("body-timeout", base.http().bodyTimeout()));
        Retention retention = new Retention(
                values.duration("keep-jobs-for", base.retention().maxAge()),
                values.whole("keep-jobs-bytes", base.retention().maxBytes()),
                values.whole("keep-free-bytes", base.retention().minFreeBytes()));
        AccessConfig access = access(base.access());
        String host = access.lan() ? ServerConfig.EVERY_ADDRESS : base.host();
        return new ServerConfig(
                values.text("host").orElse(host),
                (int) values.whole("port", base.port()),
                values.has("grpc-port") ? OptionalInt.of((int) values.whole("grpc-port", 0)) : base.grpcPort(),
                values.path("data", base.data()),
                values.path("models", base.models()),
                values.text("model").or(base::model),
                (int) values.whole("queue-capacity", base.queueCapacity()),
                retention,
                values.duration("grace-period", base.gracePeriod()),
                http,
                access,
                tls(base.tls()),
                memory(base.memory()),
                device(base.device()),
                values.flag("log-prompts", base.logPrompts()),
                values.flag("picture-metadata", base.pictureMetadata()),
                safetyChecker(base.safetyChecker()),
                FleetOptions.apply(base.fleet(), values, LocalNetwork.machineName(), retention.maxAge()));
    }

    private AccessConfig access(AccessConfig base) {
        boolean hosted = values.has("host");
        boolean lan = values.flag("lan", base.lan() && !hosted);
        if (lan && hosted) {
            throw new IllegalArgumentException("host and lan exclude each other, give one of them");
        }
        return new AccessConfig(
                lan,
                values.flag("announce", lan && (base.announce() || !base.lan())),
                values.flag("insecure", base.insecure()),
                values.flag("require-keys", base.requireKeys()),
                values.flag("open-metrics", base.openMetrics()),
                values.flag("open-ready", base.openReady()),
                values.words("allowed-hosts", base.allowedHosts()),
                values.words("allowed-origins", base.allowedOrigins()),
                new PublicAddress(
                        values.text("public-url").or(() -> base.address().url()),
                        values.words("trusted-proxies", base.address().proxies())));
    }

    private TlsConfig tls(TlsConfig base) {
        Optional<Path> certificate = values.file("tls-certificate", base.certificate());
        Optional<Path> key = values.file("tls-key", base.key());
        return new TlsConfig(values.flag("tls", base.enabled() || certificate.isPresent()), certificate, key);
    }

    private ModelMemory memory(ModelMemory base) {
        MemoryProfile profile =
                switch (values.text("memory")
                        .orElse(base.profile().name())
                        .strip()
                        .toLowerCase(Locale.ROOT)) {
                    case "speed" -> MemoryProfile.SPEED;
                    case "small" -> MemoryProfile.SMALL;
                    default -> throw values.wrong("memory", "speed or small");
                };
        return new ModelMemory(
                profile,
                values.whole("model-memory-bytes", base.bytes()),
                values.duration("unload-after", base.unloadAfter()));
    }

    private boolean safetyChecker(boolean base) {
        return switch (values.text("safety-checker")
                .orElse(base ? "on" : "off")
                .strip()
                .toLowerCase(Locale.ROOT)) {
            case "on" -> true;
            case "off" -> false;
            default -> throw values.wrong("safety-checker", "on or off");
        };
    }

    private DeviceConfig device(DeviceConfig base) {
        Execution execution = new Execution(
                values.has("ep")
                        ? ExecutionProvider.ofLabel(
                                        values.text("ep").orElseThrow().strip())
                                .orElseThrow(() -> values.wrong("ep", "one of " + ExecutionProvider.labels()))
                        : base.execution().provider(),
                values.file("ep-library", base.execution().library()),
                values.has("kernels") ? kernels() : base.execution().kernels());
        return new DeviceConfig(
                execution,
                (int) values.whole("threads", base.threads()),
                new DeviceLimits(
                        (int) values.whole("heat-soft-celsius", base.limits().softCelsius()),
                        (int) values.whole("heat-hard-celsius", base.limits().hardCelsius()),
                        (int) values.whole("battery-min-percent", base.limits().batteryPercent())));
    }

    private Set<KernelSwitch> kernels() {
        return values.words("kernels", Set.of()).stream()
                .map(word -> KernelSwitch.ofLabel(word)
                        .orElseThrow(
                                () -> values.wrong("kernels", "some of " + KernelSwitch.labels() + ", with commas")))
                .collect(Collectors.toUnmodifiableSet());
    }
}
