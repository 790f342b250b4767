package dev.mobilediffusion.server.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A command run in this process, and what it printed. */
record CommandLineRun(int exitCode, List<String> out, List<String> err) {

    /** The random models that the runtime's tests use, which draw noise of 64x64 pixels. */
    static final Path MODELS = Path.of("..", "runtime", "src", "test", "resources", "bundles");

    /** A program's way to run with given outputs; its exit code. */
    @FunctionalInterface
    interface Program {
        int run(PrintWriter out, PrintWriter err, String... words);
    }

    static CommandLineRun of(Object... arguments) {
        return of(MobileDiffusion::run, arguments);
    }

    static CommandLineRun of(Program program, Object... arguments) {
        String[] words = new String[arguments.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = arguments[i].toString();
        }
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = program.run(new PrintWriter(out, true), new PrintWriter(err, true), words);
        return new CommandLineRun(
                exitCode,
                out.toString().lines().toList(),
                err.toString().lines().toList());
    }

    /** {@code generate} with the tiny model. */
    static CommandLineRun generate(Object... arguments) {
        List<Object> words = new ArrayList<>(List.of("generate", "--models", MODELS, "--model", "tiny-flow"));
        words.addAll(List.of(arguments));
        return of(words.toArray());
    }
}
