package dev.mobilediffusion.server;

import java.nio.file.Path;
import java.util.Map;

/** Where a user's programs keep their data: the XDG Base Directory Specification. */
public final class UserFolders {

    private UserFolders() {}

    /** {@code $XDG_DATA_HOME/mobilediffusion}, else {@code ~/.local/share/mobilediffusion}. */
    public static Path data(Map<String, String> environment, Path home) {
        String folder = environment.getOrDefault("XDG_DATA_HOME", "");
        // The specification: a relative path is to be ignored
        Path base = !folder.isEmpty() && Path.of(folder).isAbsolute() ? Path.of(folder) : home.resolve(".local/share");
        return base.resolve("mobilediffusion");
    }

    /** Where a data folder keeps optimized graphs, which any start can make anew. */
    public static Path graphs(Path data) {
        return data.resolve("graphs");
    }

    /** Where a data folder keeps the things that people taught models. */
    public static Path concepts(Path data) {
        return data.resolve("concepts");
    }
}
