package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.job.JobIds;
import dev.mobilediffusion.server.job.JobState;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Copies what can be read of a damaged store into a fresh one. Reading stops at the first damaged page, so the jobs are
 * read from both ends; what lies between the two is lost, but for the files of its images.
 */
final class StoreSalvage {

    private static final System.Logger LOG = System.getLogger(StoreSalvage.class.getName());

    private static final List<String> JOB_COLUMNS = List.of(
            "seq",
            "id",
            "client",
            "spec",
            "state",
            "attempt",
            "created_ms",
            "started_ms",
            "finished_ms",
            "error_code",
            "error_param",
            "error_message",
            "idempotency_key");

    private static final List<String> IMAGE_COLUMNS = List.of(
            "job_id",
            "picture",
            "seed",
            "width",
            "height",
            "steps",
            "guidance_scale",
            "format",
            "sha256",
            "bytes",
            "timings",
            "warnings");

    private final Sql target;
    private final Set<String> saved = new HashSet<>();

    StoreSalvage(Connection target) {
        this.target = new Sql(target);
    }

    /**
     * How many jobs could be read.
     *
     * @throws SQLException when the fresh store cannot be written to; whatever happens with the damaged one is expected
     */
    int copyFrom(Path damaged) throws SQLException {
        target.connection().setAutoCommit(false);
        try (Connection source = JobDatabase.openReadOnly(damaged)) {
            copy(source, "job", JOB_COLUMNS, "SELECT * FROM job ORDER BY seq");
            copy(source, "job", JOB_COLUMNS, "SELECT * FROM job ORDER BY seq DESC");
            for (String id : List.copyOf(saved)) {
                copy(source, "picture", IMAGE_COLUMNS, "SELECT * FROM picture WHERE job_id = ?", id);
            }
        } catch (TargetException e) {
            throw e.failure;
        } catch (SQLException unreadable) {
            LOG.log(System.Logger.Level.DEBUG, "the damaged store cannot be opened", unreadable);
        }
        target.connection().commit();
        target.connection().setAutoCommit(true);
        return saved.size();
    }

    /** Copies rows until one cannot be read. */
    private void copy(Connection source, String table, List<String> known, String query, Object... values) {
        try {
            // An older server's store lacks some of them
            List<String> columns = new ArrayList<>(known);
            columns.retainAll(new Sql(source).strings("SELECT name FROM pragma_table_info(?)", table));
            String insert = "INSERT OR IGNORE INTO %s (%s) VALUES (%s)"
                    .formatted(
                            table,
                            String.join(", ", columns),
                            String.join(", ", Collections.nCopies(columns.size(), "?")));
            try (PreparedStatement statement = new Sql(source).prepare(query, values);
                    ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    Object[] cells = new Object[columns.size()];
                    for (int i = 0; i < cells.length; i++) {
                        cells[i] = row.getObject(columns.get(i));
                    }
                    if (!table.equals("job") || isSound(row)) {
                        insert(insert, cells);
                    }
                }
            }
        } catch (SQLException unreadable) {
            LOG.log(System.Logger.Level.DEBUG, "the damaged store cannot be read further", unreadable);
        }
    }

    /** A row that is only half damaged must not be believed: by a wrong time, its images would expire and be deleted. */
    private boolean isSound(ResultSet row) throws SQLException {
        String id = String.valueOf(row.getString("id"));
        long created = row.getLong("created_ms");
        long finished = row.getLong("finished_ms");
        boolean hasEnded = !row.wasNull();
        try {
            SpecJson.read(row.getString("spec"));
            boolean sound = JobIds.isValid(id)
                    && !String.valueOf(row.getString("client")).isBlank()
                    && created > 0
                    && JobState.ofLabel(row.getString("state")).isFinal() == hasEnded
                    && (!hasEnded || finished >= created);
            if (sound) {
                saved.add(id);
            }
            return sound;
        } catch (RuntimeException unreadable) {
            return false;
        }
    }

    private void insert(String sql, Object... values) {
        try {
            target.update(sql, values);
        } catch (SQLException e) {
            throw new TargetException(e);
        }
    }

    /** Apart from what fails in reading. */
    private static final class TargetException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final transient SQLException failure;

        TargetException(SQLException failure) {
            super(failure);
            this.failure = failure;
        }
    }
}
