package dev.mobilediffusion.server.settings;

import dev.mobilediffusion.runtime.ExecutionProvider;
import dev.mobilediffusion.runtime.KernelSwitch;
import dev.mobilediffusion.server.settings.Setting.Kind;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** All settings, in the order of the reference. */
public final class Settings {

    public static final List<Setting> ALL = List.of(
            new Setting("host", "127.0.0.1", "excludes lan", "name or address to listen at"),
            new Setting(
                    "lan",
                    Kind.FLAG,
                    "false",
                    "excludes host",
                    "true to listen at every address, for whoever has a key; makes one when there is none"),
            new Setting(
                    "announce",
                    Kind.FLAG,
                    "true with lan",
                    "true or false",
                    "whether neighbours find the server by mDNS; true with lan"),
            new Setting(
                    "insecure",
                    Kind.FLAG,
                    "false",
                    "excludes require-keys",
                    "true to let everybody in who reaches the server, without a key"),
            new Setting(
                    "require-keys",
                    Kind.FLAG,
                    "false",
                    "excludes insecure",
                    "true to ask this machine for a key, too: behind a proxy"),
            new Setting("open-metrics", Kind.FLAG, "false", "true or false", "true to show /metrics without a key"),
            new Setting(
                    "open-ready",
                    Kind.FLAG,
                    "false",
                    "true or false",
                    "true to show /health/ready and gRPC's health without a key"),
            new Setting(
                    "allowed-hosts",
                    Kind.LIST,
                    "none",
                    "names without port",
                    "further names under which the server may be asked, with commas"),
            new Setting(
                    "allowed-origins",
                    Kind.LIST,
                    "none",
                    "origins without path",
                    "origins of other sites' pages that may use it, with commas"),
            new Setting(
                    "public-url",
                    "none",
                    "http or https, perhaps with a path",
                    "URL under which clients reach the server, for links: behind a proxy"),
            new Setting(
                    "trusted-proxies",
                    Kind.LIST,
                    "none",
                    "addresses and ranges",
                    "proxies whose X-Forwarded-Proto, -Host and -Prefix are believed, with commas: 127.0.0.1,"
                            + " 10.0.0.0/8"),
            new Setting(
                    "tls",
                    Kind.FLAG,
                    "false",
                    "true or false",
                    "true to encrypt, with a certificate that is made at the first start unless one is given"),
            new Setting(
                    "tls-certificate",
                    Kind.PATH,
                    "none",
                    "with tls-key or not at all",
                    "PEM file with a certificate and those that vouch for it"),
            new Setting(
                    "tls-key",
                    Kind.PATH,
                    "none",
                    "with tls-certificate or not at all",
                    "PEM file with the certificate's private key, without a password"),
            new Setting("port", Kind.NUMBER, "8080", "0 … 65535", "port to listen at; 0 for any that is free"),
            new Setting(
                    "grpc-port",
                    Kind.NUMBER,
                    "port + 1",
                    "0 … 65535, 0 where port is 0",
                    "port of gRPC; 0 for any that is free"),
            new Setting("data", Kind.PATH, "the user's data folder", "a path", "folder of jobs and their pictures"),
            new Setting("models", Kind.PATH, "models beside the program", "a path", "folder of model bundles"),
            new Setting(
                    "model", "pocket, else the first by name", "a name", "bundle that draws when a request names none"),
            new Setting("queue-capacity", Kind.NUMBER, "64", "1 … 10000", "jobs that may wait"),
            new Setting(
                    "queue",
                    Kind.LIST,
                    "none",
                    "nats://HOST:PORT or tls://HOST:PORT, several with commas, or find",
                    "NATS with JetStream that holds the queue which this board shares with others; see docs/fleet.md"),
            new Setting("queue-credentials", Kind.PATH, "none", "a path", "file by which NATS knows this board"),
            new Setting(
                    "board", "the machine's name", "1 … 63 letters, digits, - or _", "this board's name in its fleet"),
            new Setting("fleet-offline", "refuse", "refuse or draw", "what waiting clients get while NATS is away"),
            new Setting(
                    "fleet-ack-wait",
                    Kind.DURATION,
                    "PT15S",
                    "PT1S or more",
                    "time without a sign of life after which a board's picture goes to another"),
            new Setting("fleet-replicas", Kind.NUMBER, "3 in a cluster, else 1", "1 … 5", "copies of all in NATS"),
            new Setting(
                    "memory",
                    "speed",
                    "speed or small",
                    "speed, or small: weights as they lie in the file, working memory given back after each stage"),
            new Setting("safety-checker", "on", "on or off", "off to draw without asking a model's safety checker"),
            new Setting("ep", "auto", "see docs/devices.md", "what computes: one of " + ExecutionProvider.labels()),
            new Setting(
                    "ep-library",
                    Kind.PATH,
                    "none",
                    "a path",
                    "library with an execution provider that ONNX Runtime loads as a plug-in"),
            new Setting(
                    "kernels",
                    Kind.LIST,
                    "none",
                    "see docs/devices.md",
                    "changes to the processor's kernels, with commas: " + KernelSwitch.labels()),
            new Setting(
                    "threads",
                    Kind.NUMBER,
                    "0",
                    "0 … 256",
                    "threads that compute; 0 for those that the processor is worth"),
            new Setting(
                    "heat-soft-celsius",
                    Kind.NUMBER,
                    "80",
                    "20 … 200",
                    "temperature from which on the server rests between pictures"),
            new Setting(
                    "heat-hard-celsius",
                    Kind.NUMBER,
                    "95",
                    "20 … 200, not below heat-soft-celsius",
                    "temperature from which on it draws nothing and refuses jobs"),
            new Setting(
                    "battery-min-percent",
                    Kind.NUMBER,
                    "20",
                    "0 … 100",
                    "charge below which, on battery, it does the same; 0 for never"),
            new Setting(
                    "model-memory-bytes",
                    Kind.BYTES,
                    "0",
                    "0 or more",
                    "memory that loaded models may take; 0 for 80 % of what is free at the start"),
            new Setting(
                    "unload-after",
                    Kind.DURATION,
                    "PT10M",
                    "above 0",
                    "time without a picture after which a model other than the default one is unloaded"),
            new Setting("keep-jobs-for", Kind.DURATION, "P7D", "above 0", "time after which a finished job goes"),
            new Setting(
                    "keep-jobs-bytes",
                    Kind.BYTES,
                    "1073741824",
                    "1048576 or more",
                    "bytes of finished pictures, beyond which the oldest jobs go"),
            new Setting(
                    "keep-free-bytes",
                    Kind.BYTES,
                    "33554432",
                    "0 or more",
                    "free bytes on the disk, below which no job is kept"),
            new Setting(
                    "grace-period",
                    Kind.DURATION,
                    "PT30S",
                    "above 0",
                    "time for the running picture when the server is told to stop"),
            new Setting("max-body-bytes", Kind.BYTES, "1048576", "1024 … 1073741824", "longest JSON request"),
            new Setting("max-connections", Kind.NUMBER, "256", "1 … 65535", "connections open at the same time"),
            new Setting("max-header-bytes", Kind.NUMBER, "16384", "1024 … 1048576", "longest headers of a request"),
            new Setting(
                    "idle-timeout",
                    Kind.DURATION,
                    "PT2M",
                    "above 0",
                    "time after which a connection without a request is closed"),
            new Setting("event-heartbeat", Kind.DURATION, "PT10S", "above 0", "time between a stream's signs of life"),
            new Setting("body-timeout", Kind.DURATION, "PT2M", "above 0", "time for headers, then for a body, to come"),
            new Setting("log-prompts", Kind.FLAG, "false", "true or false", "true to let prompts into the log"),
            new Setting(
                    "picture-metadata",
                    Kind.FLAG,
                    "true",
                    "true or false",
                    "false to keep prompt and settings out of the picture files"));

    private Settings() {}

    public static Optional<Setting> find(String key) {
        return ALL.stream().filter(setting -> setting.key().equals(key)).findFirst();
    }

    /** The setting called {@code key}. */
    static Setting require(String key) {
        return find(key)
                .orElseThrow(() -> new IllegalArgumentException(
                        "unknown setting %s; did you mean %s?".formatted(key, nearest(key))));
    }

    private static String nearest(String key) {
        return ALL.stream()
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
