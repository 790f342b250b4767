package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.files.PrivateFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteException;

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
                """),
            // What may be deleted of the files is known for sure: a folder without a job is no longer taken for rubbish
            List.of("CREATE TABLE removed_job (id TEXT PRIMARY KEY) WITHOUT ROWID", """
                CREATE TRIGGER job_removed AFTER DELETE ON job BEGIN
                    INSERT OR IGNORE INTO removed_job (id) VALUES (OLD.id);
                END
                """));

    /** Far more than there will be steps; a number beyond it is damage, not a newer server's. */
    private static final int MAX_VERSION = 10_000;

    /** Columns that every statement of this package finds; what lacks one was written by something else. */
    private static final List<String> PROBES = List.of(
            "SELECT seq, id, client, spec, state, attempt, created_ms, started_ms, finished_ms, error_code,"
                    + " error_param, error_message, idempotency_key FROM job LIMIT 0",
            "SELECT job_id, picture, seed, width, height, steps, guidance_scale, format, sha256, bytes, timings,"
                    + " warnings FROM picture LIMIT 0",
            "SELECT id FROM removed_job LIMIT 0");

    private JobDatabase() {}

    /**
     * Opens or creates {@code file}, private to its owner, and reads it once to see that it is whole.
     *
     * @throws SQLException for which {@link DamagedStoreException#isDamage} holds when it is not
     * @throws UnknownSchemaException when a newer server wrote it
     */
    static Connection open(Path file) throws SQLException, IOException {
        PrivateFiles.createIfMissing(file);
        for (String suffix : List.of("", "-wal", "-shm")) {
            Path each = Path.of(file + suffix);
            if (Files.exists(each)) {
                PrivateFiles.makePrivate(each);
            }
        }
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        // NORMAL loses the last commits on a power cut in WAL mode: https://sqlite.org/pragma.html#pragma_synchronous
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.enforceForeignKeys(true);
        Connection connection = config.createConnection("jdbc:sqlite:" + file);
        try {
            requireWhole(connection);
            requireSize(connection, file);
            migrate(connection, MIGRATIONS);
            requireTables(connection);
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    /** Opens {@code file} as it is, to look at. */
    static Connection openReadOnly(Path file) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        return config.createConnection("jdbc:sqlite:" + file);
    }

    /** Reads the whole file: a few milliseconds per MB, and the one way to know before a client does. */
    static void requireWhole(Connection connection) throws SQLException {
        List<String> findings = new Sql(connection).strings("PRAGMA quick_check(1)");
        if (!findings.equals(List.of("ok"))) {
            throw new DamagedStoreException(String.join("; ", findings));
        }
    }

    /** SQLite reads zeros where the last page is cut off, and is content with them. */
    private static void requireSize(Connection connection, Path file) throws SQLException, IOException {
        Sql sql = new Sql(connection);
        sql.strings("PRAGMA wal_checkpoint(TRUNCATE)"); // the last pages may still wait in the log
        long expected = Long.parseLong(sql.strings("PRAGMA page_count").getFirst())
                * Long.parseLong(sql.strings("PRAGMA page_size").getFirst());
        if (Files.size(file) != expected) {
            throw new DamagedStoreException(
                    "it has %s bytes, its header says %s".formatted(Files.size(file), expected));
        }
    }

    private static void requireTables(Connection connection) throws SQLException {
        for (String probe : PROBES) {
            try {
                new Sql(connection).strings(probe);
            } catch (SQLiteException e) {
                throw asDamage(e);
            }
        }
    }

    /** Of a statement of ours that is right in itself. */
    private static SQLException asDamage(SQLException failure) {
        boolean wrongTables =
                failure instanceof SQLiteException sqlite && DamagedStoreException.primaryCode(sqlite) == 1;
        return wrongTables ? new DamagedStoreException(failure.getMessage()) : failure;
    }

    static void migrate(Connection connection, List<List<String>> migrations) throws SQLException {
        int version = version(connection);
        if (version < 0 || version > MAX_VERSION) {
            throw new DamagedStoreException("it has schema version " + version);
        }
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
            throw asDamage(e);
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
