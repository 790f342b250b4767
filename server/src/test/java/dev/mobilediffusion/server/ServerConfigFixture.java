package dev.mobilediffusion.server;

import java.nio.file.Path;

/** Settings without a machine. */
abstract class ServerConfigFixture {

    static final Path HOME = Path.of("home");
}
