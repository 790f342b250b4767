package dev.mobilediffusion.server;

import java.nio.file.Path;
import java.util.Map;

/** What another package's tests need to say of a server's configuration. */
public final class ConfigFixture {

    private ConfigFixture() {}

    /** As {@link TestServer#config}, but for some settings. */
    public static ServerConfig with(Path folder, Map<String, String> settings) {
        return ConfigKeys.apply(TestServer.config(folder), settings);
    }
}
