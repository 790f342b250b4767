package dev.mobilediffusion.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;

/** A server in a process of its own, with the bundles of a folder. */
public final class RealServer implements AutoCloseable {

    private final Process process;
    private final String url;

    private RealServer(Process process, String url) {
        this.process = process;
        this.url = url;
    }

    public static RealServer start(Path data, Path models) throws IOException {
        Process process = JavaProcess.start(ServingProcess.class, data.toString(), models.toString());
        BufferedReader output = process.inputReader();
        String line = output.readLine();
        if (line == null || !line.startsWith("listening at http")) {
            throw new AssertionError("the server did not start: " + line);
        }
        return new RealServer(process, line.substring(line.indexOf("http"), line.indexOf(',')));
    }

    public String url() {
        return url;
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        process.waitFor();
    }
}
