package dev.mobilediffusion.server;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;

/** Serves from a data and a models folder at any free port; what keeps it from starting goes to stdout. */
final class ServingProcess {

    private ServingProcess() {}

    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, System.out.charset());
        ServerConfig config = ConfigKeys.apply(
                ServerConfig.defaults(Path.of("")), Map.of("port", "0", "data", args[0], "models", args[1]));
        try {
            Main.serve(config, out);
        } catch (StartupException e) {
            out.println(e.getMessage());
            System.exit(1);
        }
    }
}
