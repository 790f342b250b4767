package dev.mobilediffusion.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Who may depend on whom, as docs/architecture.md draws it. The tables are the house's plan; code that disagrees fails the build. */
final class PackageArrows {

    static final String HOUSE = "dev.mobilediffusion.";
    private static final String RUNTIME = "runtime";
    private static final String SERVER = "server";

    /** Package → the packages it may use, both without the common prefix. A package that is not listed is a mistake. */
    static final Map<String, Set<String>> MAY_USE = Map.ofEntries(
            Map.entry(RUNTIME, Set.of()),
            Map.entry("runtime.bundle", Set.of(RUNTIME)),
            Map.entry("runtime.onnx", Set.of(RUNTIME)),
            Map.entry("runtime.text", Set.of(RUNTIME, "runtime.onnx", "runtime.bundle")),
            Map.entry("runtime.diffusion", Set.of(RUNTIME, "runtime.onnx", "runtime.bundle")),
            Map.entry("runtime.control", Set.of(RUNTIME, "runtime.diffusion", "runtime.onnx", "runtime.bundle")),
            Map.entry("runtime.scheduler", Set.of(RUNTIME, "runtime.diffusion", "runtime.bundle")),
            Map.entry("runtime.image", Set.of(RUNTIME, "runtime.onnx", "runtime.bundle")),
            Map.entry("runtime.adapter", Set.of(RUNTIME, "runtime.bundle")),
            Map.entry("runtime.safety", Set.of(RUNTIME, "runtime.onnx", "runtime.bundle")),
            Map.entry("runtime.upscale", Set.of(RUNTIME, "runtime.onnx", "runtime.image")),
            Map.entry("runtime.concept", Set.of(RUNTIME, "runtime.text", "runtime.image", "runtime.bundle")),
            Map.entry(
                    "runtime.pipeline",
                    names("runtime runtime.concept runtime.adapter runtime.control runtime.text runtime.diffusion"
                            + " runtime.scheduler runtime.image runtime.safety runtime.bundle")),
            Map.entry(
                    "runtime.measure",
                    names("runtime runtime.text runtime.diffusion runtime.image runtime.onnx runtime.bundle")),
            Map.entry("server.error", Set.of(RUNTIME)),
            Map.entry("server.install", Set.of(RUNTIME, "runtime.bundle")),
            Map.entry("server.machine", Set.of()),
            Map.entry("server.metrics", Set.of(RUNTIME, "server.machine", "server.queue")),
            Map.entry("server.files", Set.of()),
            Map.entry("server.security", Set.of(RUNTIME, "server.error", "server.files")),
            Map.entry("server.discovery", Set.of()),
            Map.entry("server.settings", Set.of(RUNTIME)),
            Map.entry(
                    "server.models",
                    names("runtime runtime.adapter runtime.concept runtime.control runtime.image runtime.pipeline"
                            + " runtime.bundle server.error")),
            Map.entry("server.generation", Set.of(RUNTIME, "runtime.image", "server.error")),
            Map.entry("server.job", Set.of(RUNTIME, "runtime.image", "server.generation", "server.error")),
            Map.entry(
                    "server.store",
                    Set.of(
                            RUNTIME,
                            "runtime.image",
                            "server.job",
                            "server.generation",
                            "server.error",
                            "server.files")),
            Map.entry(
                    "server.queue", Set.of(RUNTIME, "server.store", "server.job", "server.generation", "server.error")),
            Map.entry(
                    "server.worker",
                    Set.of(
                            RUNTIME,
                            "runtime.image",
                            "server.queue",
                            "server.job",
                            "server.generation",
                            "server.machine",
                            "server.models",
                            "server.error")),
            Map.entry(
                    "server.nats",
                    names("runtime server.security server.files server.settings server.discovery server.error")),
            Map.entry(
                    "server.fleet",
                    names("server.nats server.security server.machine server.models runtime runtime.image"
                            + " server.queue server.store server.job server.generation server.error")),
            Map.entry("server.transport", Set.of()),
            Map.entry(
                    "server.upscale",
                    names("runtime runtime.image runtime.upscale server.machine server.transport server.wire"
                            + " server.generation server.error")),
            Map.entry(
                    "server.wire",
                    Set.of("server.transport", "server.queue", "server.job", "server.generation", "server.error")),
            Map.entry(
                    "server.edge",
                    Set.of(
                            RUNTIME,
                            "runtime.image",
                            "server.transport",
                            "server.wire",
                            "server.queue",
                            "server.job",
                            "server.generation",
                            "server.models",
                            "server.error",
                            "server.machine",
                            "server.metrics",
                            "server.security")),
            Map.entry(
                    "server.openai",
                    Set.of(
                            RUNTIME,
                            "runtime.concept",
                            "runtime.image",
                            "server.edge",
                            "server.wire",
                            "server.job",
                            "server.generation",
                            "server.models",
                            "server.upscale",
                            "server.error")),
            Map.entry(
                    "server.jobs",
                    Set.of("server.edge", "server.wire", "server.job", "server.generation", "server.error")),
            Map.entry(
                    "server.a1111",
                    Set.of(
                            RUNTIME,
                            "runtime.upscale",
                            "runtime.image",
                            "server.edge",
                            "server.wire",
                            "server.queue",
                            "server.job",
                            "server.generation",
                            "server.models",
                            "server.upscale",
                            "server.error")),
            Map.entry(
                    "server.mcp",
                    names("runtime runtime.image server.edge server.wire server.queue server.job server.generation"
                            + " server.models server.upscale server.error")),
            Map.entry("server.page", Set.of(RUNTIME, "server.edge", "server.wire")),
            Map.entry(
                    "server.grpc",
                    Set.of(
                            RUNTIME,
                            "runtime.image",
                            "server.queue",
                            "server.job",
                            "server.generation",
                            "server.models",
                            "server.error",
                            "server.security",
                            "server.grpc.v1")),
            Map.entry(
                    SERVER,
                    Set.of(
                            "server.nats",
                            "server.settings",
                            RUNTIME,
                            "runtime.bundle",
                            "runtime.image",
                            "runtime.onnx",
                            "server.generation",
                            "server.machine",
                            "server.openai",
                            "server.jobs",
                            "server.a1111",
                            "server.mcp",
                            "server.page",
                            "server.grpc",
                            "server.edge",
                            "runtime.upscale",
                            "server.upscale",
                            "server.wire",
                            "server.transport",
                            "server.worker",
                            "server.fleet",
                            "server.queue",
                            "server.store",
                            "server.job",
                            "server.models",
                            "server.error",
                            "server.metrics",
                            "server.security",
                            "server.discovery")),
            Map.entry(
                    "server.benchmark",
                    names("runtime runtime.bundle runtime.image runtime.measure runtime.pipeline server.machine")),
            Map.entry(
                    "server.cli",
                    names("server.benchmark server.settings runtime runtime.adapter runtime.concept runtime.pipeline"
                            + " runtime.upscale runtime.bundle runtime.image runtime.measure runtime.onnx server"
                            + " server.fleet server.nats server.queue server.machine server.install server.store"
                            + " server.error server.generation server.discovery server.security")));

    private PackageArrows() {}

    private static Set<String> names(String all) {
        return Set.of(all.split(" ", -1));
    }

    /** One sentence per arrow that points the wrong way; empty when all is well. Tests may use what they like. */
    static List<String> violations(List<JavaSource> sources) {
        List<String> sentences = new ArrayList<>();
        for (JavaSource source : sources) {
            if (!source.isTest() && source.packageName().startsWith(HOUSE)) {
                check(source, sentences);
            }
        }
        return sentences;
    }

    private static void check(JavaSource source, List<String> sentences) {
        String from = source.packageName().substring(HOUSE.length());
        if (from.equals("checks")) {
            return;
        }
        Set<String> mayUse = MAY_USE.get(from);
        if (mayUse == null) {
            sentences.add("%s: package %s is not in the plan of PackageArrows".formatted(source.path(), from));
            return;
        }
        for (String name : source.qualifiedNames()) {
            if (name.startsWith(HOUSE)) {
                String to = name.substring(HOUSE.length());
                if (!to.equals(from) && !mayUse.contains(to)) {
                    sentences.add("%s: %s must not use %s".formatted(source.path(), from, to));
                }
            }
            LibraryUsers.SEEN_BY.forEach((library, users) -> {
                if ((name.equals(library) || name.startsWith(library + ".")) && !users.contains(from)) {
                    sentences.add("%s: %s must not see %s".formatted(source.path(), from, library));
                }
            });
        }
    }
}
