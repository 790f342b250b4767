package dev.mobilediffusion.server.store;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.sqlite.SQLiteConfig;

/** The SQLite file: opens it so that a commit survives a power cut, and brings an older schema up to date. */
final class JobDatabase {

    /** Step k brings version k to k + 1. Never edit one that was released: append. */
    static final List<List<String>> MIGRATIONS = List.of(
            List.of("""
                CREATE TABLE job (
                    seq INTEGER PRIMARY KEY AUTOINCREMENT,
                    id TEXT NOT NULL UNIQUE,
                    client TEXT NOT NULL,
                    spec TEXT NOT NULL,
                    state TEXT NOT NULL,
                    attempt INTEGER NOT NULL,
                    created_ms INTEGER NOT NULL,
                    started_ms INTEGER,
                    finished_ms INTEGER,
                    error_code TEXT,
                    error_param TEXT,
                    error_message TEXT)
                """, "CREATE INDEX job_finished ON job (finished_ms) WHERE finished_ms IS NOT NULL", """
                CREATE TABLE picture (
                    job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
                    picture INTEGER NOT NULL,
                    seed INTEGER NOT NULL,
                    width INTEGER NOT NULL,
                    height INTEGER NOT NULL,
                    steps INTEGER NOT NULL,
                    guidance_scale REAL NOT NULL,
                    format TEXT NOT NULL,
                    sha256 TEXT NOT NULL,
                    bytes INTEGER NOT NULL,
                    timings TEXT NOT NULL,
                    warnings TEXT NOT NULL,
                    PRIMARY KEY (job_id, picture)) WITHOUT ROWID
                """),
            List.of("ALTER TABLE job ADD COLUMN idempotency_key TEXT", """
                CREATE UNIQUE INDEX job_idempotency ON job (client, idempotency_key)
                    WHERE idempotency_key IS NOT NULL
                """));

    private JobDatabase() {}

    static Connection open(Path file) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        // NORMAL loses the last commits on a power cut in WAL mode: https://sqlite.org/pragma.html#pragma_synchronous
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.enforceForeignKeys(true);
        Connection connection = config.createConnection("jdbc:sqlite:" + file);
        try {
            migrate(connection, MIGRATIONS);
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    static void migrate(Connection connection, List<List<String>> migrations) throws SQLException {
        int version = version(connection);
        if (version > migrations.size()) {
            throw new UnknownSchemaException(version, migrations.size());
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            for (; version < migrations.size(); version++) {
                for (String sql : migrations.get(version)) {
                    statement.execute(sql);
                }
                statement.execute("PRAGMA user_version = " + (version + 1));
                connection.commit();
            }
        } catch (SQLException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    private static int version(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("PRAGMA user_version")) {
            return row.next() ? row.getInt(1) : 0;
        }
    }
}
