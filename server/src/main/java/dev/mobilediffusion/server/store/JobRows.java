package dev.mobilediffusion.server.store;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.Idempotency;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.job.JobStatus;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Jobs and pictures as rows. Not thread-safe: the store's lock guards the connection. */
final class JobRows {

    private static final String SELECT_JOB =
            "SELECT id, client, spec, state, attempt, created_ms, started_ms, finished_ms, error_code, error_param,"
                    + " error_message FROM job ";

    private final Connection connection;
    private final ImageFiles files;

    JobRows(Connection connection, ImageFiles files) {
        this.connection = connection;
        this.files = files;
    }

    void insert(Job job) throws SQLException {
        update(
                "INSERT INTO job (id, client, spec, state, attempt, created_ms, idempotency_key)"
                        + " VALUES (?, ?, ?, ?, ?, ?, ?)",
                job.id(),
                job.client().value(),
                SpecJson.write(job.spec()),
                JobState.QUEUED.label(),
                job.attempt(),
                job.createdAt().toEpochMilli(),
                job.spec().idempotency().map(Idempotency::key).orElse(null));
    }

    void updateState(JobStatus status) throws SQLException {
        update(
                "UPDATE job SET state = ?, started_ms = ?, finished_ms = ?, error_code = ?, error_param = ?,"
                        + " error_message = ? WHERE id = ?",
                status.state().label(),
                status.startedAt().map(Instant::toEpochMilli).orElse(null),
                status.finishedAt().map(Instant::toEpochMilli).orElse(null),
                status.error().map(error -> error.code().label()).orElse(null),
                status.error().map(JobError::param).orElse(null),
                status.error().map(JobError::message).orElse(null),
                status.id());
    }

    void insertPicture(String jobId, JobImage picture, int bytes) throws SQLException {
        update(
                "INSERT OR REPLACE INTO picture (job_id, picture, seed, width, height, steps, guidance_scale, format,"
                        + " sha256, bytes, timings, warnings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                jobId,
                picture.index(),
                picture.seed(),
                picture.width(),
                picture.height(),
                picture.steps(),
                picture.guidanceScale(),
                picture.format().name(),
                picture.sha256(),
                bytes,
                SpecJson.write(picture.timings()),
                SpecJson.write(picture.warnings()));
    }

    /** What was not finished when the server ended becomes queued again, as the next attempt. */
    void requeueUnfinished() throws SQLException {
        update("UPDATE job SET state = 'queued', attempt = attempt + 1 WHERE state IN ('queued', 'running')");
    }

    List<Job> queued() throws SQLException {
        return jobs("WHERE state = 'queued' ORDER BY seq");
    }

    Optional<Job> find(String id) throws SQLException {
        return jobs("WHERE id = ?", id).stream().findFirst();
    }

    Optional<Job> findByKey(ClientId client, String key) throws SQLException {
        return jobs("WHERE client = ? AND idempotency_key = ?", client.value(), key).stream()
                .findFirst();
    }

    List<String> ids() throws SQLException {
        return strings("SELECT id FROM job");
    }

    List<String> finishedBefore(Instant moment) throws SQLException {
        return strings("SELECT id FROM job WHERE finished_ms < ?", moment.toEpochMilli());
    }

    /** Finished jobs, newest first, from where their pictures together pass {@code maxBytes}. */
    List<String> finishedBeyond(long maxBytes) throws SQLException {
        return strings(
                "SELECT id FROM (SELECT id, finished_ms, seq, SUM((SELECT COALESCE(SUM(bytes), 0) FROM picture"
                        + " WHERE job_id = id)) OVER (ORDER BY finished_ms DESC, seq DESC) AS total FROM job"
                        + " WHERE finished_ms IS NOT NULL) WHERE total > ?",
                maxBytes);
    }

    void delete(String id) throws SQLException {
        update("DELETE FROM job WHERE id = ?", id);
    }

    private List<Job> jobs(String where, Object... values) throws SQLException {
        List<Job> found = new ArrayList<>();
        try (PreparedStatement statement = prepare(SELECT_JOB + where, values);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                found.add(job(row));
            }
        }
        return found;
    }

    private Job job(ResultSet row) throws SQLException {
        String id = row.getString("id");
        JobState state = JobState.ofLabel(row.getString("state"));
        // A finished job's events were not kept; what is told of it now comes after all that was told before
        int attempt = row.getInt("attempt") + (state.isFinal() ? 1 : 0);
        Job job = new Job(
                id,
                SpecJson.read(row.getString("spec")),
                new ClientId(row.getString("client")),
                Instant.ofEpochMilli(row.getLong("created_ms")),
                attempt);
        job.restore(state.isFinal() ? instant(row, "started_ms") : Optional.empty(), pictures(id));
        if (state.isFinal()) {
            job.finish(state, error(row), instant(row, "finished_ms").orElse(job.createdAt()));
        }
        return job;
    }

    private static Optional<JobError> error(ResultSet row) throws SQLException {
        String code = row.getString("error_code");
        return code == null
                ? Optional.empty()
                : Optional.of(new JobError(
                        ErrorCode.ofLabel(code), row.getString("error_param"), row.getString("error_message")));
    }

    private List<JobImage> pictures(String jobId) throws SQLException {
        List<JobImage> found = new ArrayList<>();
        try (PreparedStatement statement = prepare("SELECT * FROM picture WHERE job_id = ? ORDER BY picture", jobId);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                int index = row.getInt("picture");
                ImageFormat format = ImageFormat.valueOf(row.getString("format"));
                if (files.exists(jobId, index, format)) {
                    found.add(new JobImage(
                            index,
                            row.getLong("seed"),
                            row.getInt("width"),
                            row.getInt("height"),
                            row.getInt("steps"),
                            row.getDouble("guidance_scale"),
                            format,
                            row.getString("sha256"),
                            SpecJson.readTimings(row.getString("timings")),
                            SpecJson.readSentences(row.getString("warnings")),
                            files.content(jobId, index, format)));
                }
            }
        }
        return found;
    }

    private static Optional<Instant> instant(ResultSet row, String column) throws SQLException {
        long millis = row.getLong(column);
        return row.wasNull() ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
    }

    private List<String> strings(String sql, Object... values) throws SQLException {
        List<String> found = new ArrayList<>();
        try (PreparedStatement statement = prepare(sql, values);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                found.add(row.getString(1));
            }
        }
        return found;
    }

    private void update(String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = prepare(sql, values)) {
            statement.executeUpdate();
        }
    }

    private PreparedStatement prepare(String sql, Object... values) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
        return statement;
    }
}
