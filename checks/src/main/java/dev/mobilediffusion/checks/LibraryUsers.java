package dev.mobilediffusion.checks;

import java.util.Map;
import java.util.Set;

/** Which packages may see which library. */
final class LibraryUsers {

    private static final String SERVER = "server";

    /** Library → the only packages that see it. */
    static final Map<String, Set<String>> SEEN_BY = Map.ofEntries(
            Map.entry("ai.onnxruntime", Set.of("runtime.onnx")),
            Map.entry("picocli", Set.of("server.cli")),
            Map.entry("java.sql", Set.of("server.store")),
            Map.entry("io.nats", Set.of("server.fleet", "server.nats")),
            Map.entry("org.sqlite", Set.of("server.store")),
            Map.entry("io.micrometer", Set.of("server.metrics")),
            Map.entry("com.google.protobuf", Set.of("server.grpc")),
            Map.entry("io.grpc", Set.of(SERVER, "server.grpc", "server.error")),
            Map.entry(
                    "io.helidon",
                    Set.of(
                            SERVER,
                            "server.transport",
                            "server.wire",
                            "server.edge",
                            "server.openai",
                            "server.jobs",
                            "server.a1111",
                            "server.mcp",
                            "server.page")),
            Map.entry("io.modelcontextprotocol", Set.of("server.mcp")),
            Map.entry("io.netty", Set.of("server.grpc")),
            Map.entry("org.bouncycastle", Set.of("server.security")),
            Map.entry("javax.jmdns", Set.of("server.discovery")),
            Map.entry("com.google.zxing", Set.of("server.discovery")));

    private LibraryUsers() {}
}
