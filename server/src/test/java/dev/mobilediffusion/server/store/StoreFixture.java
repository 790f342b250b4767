package dev.mobilediffusion.server.store;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.io.TempDir;

/** A store in a folder of its own, and the queue that writes into it. */
abstract class StoreFixture {

    @TempDir
    Path data;

    Connection database() throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + data.resolve("jobs.sqlite"));
    }
}
