package dev.mobilediffusion.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts a class of these tests in a process of its own, with this process's Java and class path. */
public final class JavaProcess {

    private JavaProcess() {}

    public static Process start(Class<?> main, String... args) throws IOException {
        return builder(main, args)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** One that is not started yet. */
    public static ProcessBuilder builder(Class<?> main, String... args) {
        // Surefire's own class path is a jar with a manifest; it tells the real one in a property
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms64m",
                "-Xmx128m",
                "-Xmn40m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath,
                main.getName()));
        command.addAll(List.of(args));
        return new ProcessBuilder(command);
    }
}
