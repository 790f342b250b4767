package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.ExecutionProvider;
import dev.mobilediffusion.runtime.KernelSwitch;
import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import dev.mobilediffusion.server.machine.DeviceLimits;
import dev.mobilediffusion.server.security.PublicAddress;
import dev.mobilediffusion.server.settings.Setting;
import dev.mobilediffusion.server.settings.Settings;
import dev.mobilediffusion.server.store.Retention;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A {@link ServerConfig} from text: {@code queue-capacity=16}, or {@code MOBILEDIFFUSION_QUEUE_CAPACITY=16} in the
 * environment. An unknown key is refused, with the nearest known one. Durations are ISO 8601, such as {@code PT30S}.
 */
public final class ConfigKeys {

    /** Read by the launcher and by CI, not by the server. */
    private static final Set<String> OTHERS =
            Set.of("MOBILEDIFFUSION_JAVA_OPTS", "MOBILEDIFFUSION_JVM_FOLDERS", "MOBILEDIFFUSION_PYTHON");

    private final Map<String, String> values;

    private ConfigKeys(Map<String, String> values) {
        this.values = values;
    }

    /** The settings among the environment's variables. */
    public static Map<String, String> ofEnvironment(Map<String, String> environment) {
        Map<String, String> found = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith(Setting.PREFIX) && !OTHERS.contains(name)) {
                found.put(
                        name.substring(Setting.PREFIX.length())
                                .toLowerCase(Locale.ROOT)
                                .replace('_', '-'),
                        value);
            }
        });
        return found;
    }

    /**
     * {@code defaults} with every given key in its place.
     *
     * @throws IllegalArgumentException naming an unknown key, or key, bound and value of a wrong one
     */
    public static ServerConfig apply(ServerConfig defaults, Map<String, String> values) {
        for (String key : values.keySet()) {
            if (Settings.find(key).isEmpty()) {
                throw new IllegalArgumentException("unknown setting %s; did you mean %s?".formatted(key, nearest(key)));
            }
        }
        return new ConfigKeys(values).over(defaults);
    }

    private ServerConfig over(ServerConfig base) {
        HttpLimits http = new HttpLimits(
                whole("max-body-bytes", base.http().maxBodyBytes()),
                (int) whole("max-connections", base.http().maxConnections()),
                (int) whole("max-header-bytes", base.http().maxHeaderBytes()),
                duration("idle-timeout", base.http().idleTimeout()),
                duration("event-heartbeat", base.http().eventHeartbeat()));
        Retention retention = new Retention(
                duration("keep-jobs-for", base.retention().maxAge()),
                whole("keep-jobs-bytes", base.retention().maxBytes()),
                whole("keep-free-bytes", base.retention().minFreeBytes()));
        AccessConfig access = access(base.access());
        String host = access.lan() ? ServerConfig.EVERY_ADDRESS : base.host();
        return new ServerConfig(
                values.getOrDefault("host", host),
                (int) whole("port", base.port()),
                values.containsKey("grpc-port") ? OptionalInt.of((int) whole("grpc-port", 0)) : base.grpcPort(),
                path("data", base.data()),
                path("models", base.models()),
                values.containsKey("model") ? Optional.of(values.get("model")) : base.model(),
                (int) whole("queue-capacity", base.queueCapacity()),
                retention,
                duration("grace-period", base.gracePeriod()),
                http,
                access,
                tls(base.tls()),
                memory(base.memory()),
                device(base.device()),
                flag("log-prompts", base.logPrompts()),
                flag("picture-metadata", base.pictureMetadata()));
    }

    private AccessConfig access(AccessConfig base) {
        boolean hosted = values.containsKey("host");
        boolean lan = flag("lan", base.lan() && !hosted);
        if (lan && hosted) {
            throw new IllegalArgumentException("host and lan exclude each other, give one of them");
        }
        return new AccessConfig(
                lan,
                flag("announce", lan && (base.announce() || !base.lan())),
                flag("insecure", base.insecure()),
                flag("require-keys", base.requireKeys()),
                flag("open-metrics", base.openMetrics()),
                flag("open-ready", base.openReady()),
                words("allowed-hosts", base.allowedHosts()),
                words("allowed-origins", base.allowedOrigins()),
                new PublicAddress(
                        Optional.ofNullable(values.get("public-url"))
                                .or(() -> base.address().url()),
                        words("trusted-proxies", base.address().proxies())));
    }

    private TlsConfig tls(TlsConfig base) {
        Optional<Path> certificate = file("tls-certificate", base.certificate());
        Optional<Path> key = file("tls-key", base.key());
        return new TlsConfig(flag("tls", base.enabled() || certificate.isPresent()), certificate, key);
    }

    private Optional<Path> file(String key, Optional<Path> otherwise) {
        return values.containsKey(key) ? Optional.of(path(key, Path.of(""))) : otherwise;
    }

    private Set<String> words(String key, Set<String> otherwise) {
        if (!values.containsKey(key)) {
            return otherwise;
        }
        return Arrays.stream(values.get(key).split("[,\\s]+", -1))
                .filter(word -> !word.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
    }

    private ModelMemory memory(ModelMemory base) {
        MemoryProfile profile =
                switch (values.getOrDefault("memory", base.profile().name())
                        .strip()
                        .toLowerCase(Locale.ROOT)) {
                    case "speed" -> MemoryProfile.SPEED;
                    case "small" -> MemoryProfile.SMALL;
                    default -> throw wrong("memory", "speed or small");
                };
        return new ModelMemory(
                profile, whole("model-memory-bytes", base.bytes()), duration("unload-after", base.unloadAfter()));
    }

    private DeviceConfig device(DeviceConfig base) {
        Execution execution = new Execution(
                values.containsKey("ep")
                        ? ExecutionProvider.ofLabel(values.get("ep").strip())
                                .orElseThrow(() -> wrong("ep", "one of " + ExecutionProvider.labels()))
                        : base.execution().provider(),
                file("ep-library", base.execution().library()),
                values.containsKey("kernels") ? kernels() : base.execution().kernels());
        return new DeviceConfig(
                execution,
                (int) whole("threads", base.threads()),
                new DeviceLimits(
                        (int) whole("heat-soft-celsius", base.limits().softCelsius()),
                        (int) whole("heat-hard-celsius", base.limits().hardCelsius()),
                        (int) whole("battery-min-percent", base.limits().batteryPercent())));
    }

    private Set<KernelSwitch> kernels() {
        return words("kernels", Set.of()).stream()
                .map(word -> KernelSwitch.ofLabel(word)
                        .orElseThrow(() -> wrong("kernels", "some of " + KernelSwitch.labels() + ", with commas")))
                .collect(Collectors.toUnmodifiableSet());
    }

    private long whole(String key, long otherwise) {
        if (!values.containsKey(key)) {
            return otherwise;
        }
        try {
            return Integer.parseInt(values.get(key).strip());
        } catch (NumberFormatException e) {
            return longOf(key);
        }
    }

    private long longOf(String key) {
        try {
            long value = Long.parseLong(values.get(key).strip());
            if (!key.endsWith("-bytes")) {
                throw wrong(key, "a whole number of at most 31 bits");
            }
            return value;
        } catch (NumberFormatException e) {
            throw wrong(key, "a whole number");
        }
    }

    private Duration duration(String key, Duration otherwise) {
        if (!values.containsKey(key)) {
            return otherwise;
        }
        try {
            return Duration.parse(values.get(key).strip());
        } catch (DateTimeParseException e) {
            throw wrong(key, "a duration such as PT30S");
        }
    }

    private Path path(String key, Path otherwise) {
        try {
            return values.containsKey(key) ? Path.of(values.get(key)) : otherwise;
        } catch (InvalidPathException e) {
            throw wrong(key, "a path");
        }
    }

    private boolean flag(String key, boolean otherwise) {
        return switch (values.getOrDefault(key, Boolean.toString(otherwise)).strip()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(key, "true or false");
        };
    }

    private IllegalArgumentException wrong(String key, String expected) {
        return new IllegalArgumentException("%s must be %s, got \"%s\"".formatted(key, expected, values.get(key)));
    }

    private static String nearest(String key) {
        return Settings.ALL.stream()
                .map(Setting::key)
                .min(Comparator.comparingInt(known -> edits(key, known)))
                .orElseThrow();
    }

    /** Levenshtein's distance. */
    private static int edits(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int substituted = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[to.length()];
    }
}
