package dev.mobilediffusion.server.settings;

import dev.mobilediffusion.runtime.ExecutionProvider;
import dev.mobilediffusion.runtime.KernelSwitch;
import java.util.List;
import java.util.Optional;

/** All settings, in the order of the reference. */
public final class Settings {

    public static final List<Setting> ALL = List.of(
            new Setting("host", "127.0.0.1", "excludes lan", "name or address to listen at"),
            new Setting(
                    "lan",
                    "false",
                    "excludes host",
                    "true to listen at every address, for whoever has a key; makes one when there is none"),
            new Setting(
                    "announce",
                    "true with lan",
                    "true or false",
                    "whether neighbours find the server by mDNS; true with lan"),
            new Setting(
                    "insecure",
                    "false",
                    "excludes require-keys",
                    "true to let everybody in who reaches the server, without a key"),
            new Setting(
                    "require-keys",
                    "false",
                    "excludes insecure",
                    "true to ask this machine for a key, too: behind a proxy"),
            new Setting("open-metrics", "false", "true or false", "true to show /metrics without a key"),
            new Setting(
                    "open-ready",
                    "false",
                    "true or false",
                    "true to show /health/ready and gRPC's health without a key"),
            new Setting(
                    "allowed-hosts",
                    "none",
                    "names without port",
                    "further names under which the server may be asked, with commas"),
            new Setting(
                    "allowed-origins",
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
                    "none",
                    "addresses and ranges",
                    "proxies whose X-Forwarded-Proto, -Host and -Prefix are believed, with commas: 127.0.0.1,"
                            + " 10.0.0.0/8"),
            new Setting(
                    "tls",
                    "false",
                    "true or false",
                    "true to encrypt, with a certificate that is made at the first start unless one is given"),
            new Setting(
                    "tls-certificate",
                    "none",
                    "with tls-key or not at all",
                    "PEM file with a certificate and those that vouch for it"),
            new Setting(
                    "tls-key",
                    "none",
                    "with tls-certificate or not at all",
                    "PEM file with the certificate's private key, without a password"),
            new Setting("port", "8080", "0 … 65535", "port to listen at; 0 for any that is free"),
            new Setting(
                    "grpc-port", "port + 1", "0 … 65535, 0 where port is 0", "port of gRPC; 0 for any that is free"),
            new Setting("data", "the user's data folder", "a path", "folder of jobs and their pictures"),
            new Setting("models", "models beside the program", "a path", "folder of model bundles"),
            new Setting(
                    "model", "pocket, else the first by name", "a name", "bundle that draws when a request names none"),
            new Setting("queue-capacity", "64", "1 … 10000", "jobs that may wait"),
            new Setting(
                    "memory",
                    "speed",
                    "speed or small",
                    "speed, or small: weights as they lie in the file, working memory given back after each stage"),
            new Setting("ep", "auto", "see docs/devices.md", "what computes: one of " + ExecutionProvider.labels()),
            new Setting(
                    "ep-library",
                    "none",
                    "a path",
                    "library with an execution provider that ONNX Runtime loads as a plug-in"),
            new Setting(
                    "kernels",
                    "none",
                    "see docs/devices.md",
                    "changes to the processor's kernels, with commas: " + KernelSwitch.labels()),
            new Setting("threads", "0", "0 … 256", "threads that compute; 0 for those that the processor is worth"),
            new Setting(
                    "heat-soft-celsius",
                    "80",
                    "20 … 200",
                    "temperature from which on the server rests between pictures"),
            new Setting(
                    "heat-hard-celsius",
                    "95",
                    "20 … 200, not below heat-soft-celsius",
                    "temperature from which on it draws nothing and refuses jobs"),
            new Setting(
                    "battery-min-percent",
                    "20",
                    "0 … 100",
                    "charge below which, on battery, it does the same; 0 for never"),
            new Setting(
                    "model-memory-bytes",
                    "0",
                    "0 or more",
                    "memory that loaded models may take; 0 for 80 % of what is free at the start"),
            new Setting(
                    "unload-after",
                    "PT10M",
                    "above 0",
                    "time without a picture after which a model other than the default one is unloaded"),
            new Setting("keep-jobs-for", "P7D", "above 0", "time after which a finished job goes"),
            new Setting(
                    "keep-jobs-bytes",
                    "1073741824",
                    "1048576 or more",
                    "bytes of finished pictures, beyond which the oldest jobs go"),
            new Setting(
                    "keep-free-bytes", "33554432", "0 or more", "free bytes on the disk, below which no job is kept"),
            new Setting(
                    "grace-period", "PT30S", "above 0", "time for the running picture when the server is told to stop"),
            new Setting("max-body-bytes", "1048576", "1024 … 1073741824", "longest JSON request"),
            new Setting("max-connections", "256", "1 … 65535", "connections open at the same time"),
            new Setting("max-header-bytes", "16384", "1024 … 1048576", "longest headers of a request"),
            new Setting("idle-timeout", "PT2M", "above 0", "time after which a connection without a request is closed"),
            new Setting("event-heartbeat", "PT10S", "above 0", "time between two signs of life in an event stream"),
            new Setting("log-prompts", "false", "true or false", "true to let prompts into the log"),
            new Setting(
                    "picture-metadata",
                    "true",
                    "true or false",
                    "false to keep prompt and settings out of the picture files"));

    private Settings() {}

    public static Optional<Setting> find(String key) {
        return ALL.stream().filter(setting -> setting.key().equals(key)).findFirst();
    }
}
