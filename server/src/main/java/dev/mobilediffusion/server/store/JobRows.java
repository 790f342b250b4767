package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.Idempotency;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.job.JobStatus;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Jobs as rows. Not thread-safe: the store's lock guards the connection. */
final class JobRows {

    private static final System.Logger LOG = System.getLogger(JobRows.class.getName());

    private static final String SELECT_JOB =
            "SELECT id, client, spec, state, attempt, created_ms, started_ms, finished_ms, error_code, error_param,"
                    + " error_message FROM job ";

    private final Sql sql;
    private final ImageRows images;
    private final UploadFiles uploads;

    JobRows(Sql sql, ImageRows images, UploadFiles uploads) {
        this.sql = sql;
        this.images = images;
        this.uploads = uploads;
    }

    void insert(Job job) throws SQLException {
        sql.update(
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
        sql.update(
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

    /** What was not finished when the server ended becomes queued again, as the next attempt. */
    void requeueUnfinished() throws SQLException {
        sql.update("UPDATE job SET state = 'queued', attempt = attempt + 1 WHERE state IN ('queued', 'running')");
    }

    /** Oldest first. One whose row is damaged fails for good, so that it expires as others do. */
    List<Job> queued(Instant now) throws SQLException {
        List<Job> found = new ArrayList<>();
        for (String id : sql.strings("SELECT id FROM job WHERE state = 'queued' ORDER BY seq")) {
            try {
                find(id).ifPresent(found::add);
            } catch (ApiException damaged) {
                LOG.log(System.Logger.Level.WARNING, "job={0} will not run: {1}", id, damaged.getMessage());
                fail("id = ?", now, id);
            }
        }
        fail("finished_ms IS NULL AND state <> 'queued'", now);
        return found;
    }

    private void fail(String where, Instant now, Object... values) throws SQLException {
        Object[] all = new Object[values.length + 1];
        all[0] = now.toEpochMilli();
        System.arraycopy(values, 0, all, 1, values.length);
        sql.update(
                "UPDATE job SET state = 'failed', finished_ms = ?, error_code = 'internal', error_param = '',"
                        + " error_message = 'the job was damaged on the server''s disk' WHERE " + where,
                all);
    }

    /** @throws ApiException GONE when its row is damaged */
    Optional<Job> find(String id) throws SQLException {
        return first("WHERE id = ?", id);
    }

    /** @throws ApiException GONE when its row is damaged */
    Optional<Job> findByKey(ClientId client, String key) throws SQLException {
        return first("WHERE client = ? AND idempotency_key = ?", client.value(), key);
    }

    boolean isMissing(String id) throws SQLException {
        return sql.strings("SELECT id FROM job WHERE id = ?", id).isEmpty();
    }

    /** Ids of the jobs that have not ended. */
    Set<String> unfinished() throws SQLException {
        return new HashSet<>(sql.strings("SELECT id FROM job WHERE finished_ms IS NULL"));
    }

    /** Job → whether it has ended. */
    Map<String, Boolean> ended() throws SQLException {
        Map<String, Boolean> ended = new HashMap<>();
        for (String id : sql.strings("SELECT id FROM job")) {
            ended.put(id, true);
        }
        for (String id : sql.strings("SELECT id FROM job WHERE finished_ms IS NULL")) {
            ended.put(id, false);
        }
        return ended;
    }

    /** Jobs whose rows went before their files did. */
    List<String> removed() throws SQLException {
        return sql.strings("SELECT id FROM removed_job");
    }

    /** To be called when the files of a removed job are gone, too. */
    void forgetRemoved(String id) throws SQLException {
        sql.update("DELETE FROM removed_job WHERE id = ?", id);
    }

    /** Puts in a job that has ended, as its files tell of it. */
    void insertEnded(Job job, Instant end) throws SQLException {
        insert(job);
        sql.update(
                "UPDATE job SET state = ?, finished_ms = ? WHERE id = ?",
                JobState.SUCCEEDED.label(),
                end.toEpochMilli(),
                job.id());
    }

    List<String> finishedBefore(Instant moment) throws SQLException {
        return sql.strings("SELECT id FROM job WHERE finished_ms < ?", moment.toEpochMilli());
    }

    /** Finished jobs, newest first, from where their images together pass {@code maxBytes}. */
    List<String> finishedBeyond(long maxBytes) throws SQLException {
        return sql.strings(
                "SELECT id FROM (SELECT id, finished_ms, seq, SUM((SELECT COALESCE(SUM(bytes), 0) FROM picture"
                        + " WHERE job_id = id)) OVER (ORDER BY finished_ms DESC, seq DESC) AS total FROM job"
                        + " WHERE finished_ms IS NOT NULL) WHERE total > ?",
                maxBytes);
    }

    void delete(String id) throws SQLException {
        sql.update("DELETE FROM job WHERE id = ?", id);
    }

    private Optional<Job> first(String where, Object... values) throws SQLException {
        try (PreparedStatement statement = sql.prepare(SELECT_JOB + where, values);
                ResultSet row = statement.executeQuery()) {
            return row.next() ? Optional.of(readable(row)) : Optional.empty();
        }
    }

    /** Whatever cannot be read out of a row is the disk's fault: only this class and its neighbours write rows. */
    private Job readable(ResultSet row) throws SQLException {
        try {
            return job(row);
        } catch (RuntimeException damaged) {
            throw ApiException.of(
                    ErrorCode.GONE, "the job is damaged on the server's disk and cannot be read any more", damaged);
        }
    }

    private Job job(ResultSet row) throws SQLException {
        String id = row.getString("id");
        JobState state = JobState.ofLabel(row.getString("state"));
        // A finished job's events were not kept; what is told of it now comes after all that was told before
        int attempt = row.getInt("attempt") + (state.isFinal() ? 1 : 0);
        Job job = new Job(
                id,
                uploads.withFiles(id, SpecJson.read(row.getString("spec"))),
                new ClientId(row.getString("client")),
                Instant.ofEpochMilli(row.getLong("created_ms")),
                attempt);
        // What is damaged of a job that still runs is drawn again; of one that has ended, asking for it says so
        List<JobImage> done = images.of(id).stream()
                .filter(image -> state.isFinal() || ImageFiles.isIntact(image))
                .toList();
        job.restore(state.isFinal() ? instant(row, "started_ms") : Optional.empty(), done);
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

    private static Optional<Instant> instant(ResultSet row, String column) throws SQLException {
        long millis = row.getLong(column);
        return row.wasNull() ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
    }
}
