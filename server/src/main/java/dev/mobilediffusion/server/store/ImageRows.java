package dev.mobilediffusion.server.store;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.job.JobImage;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Images as rows: what is known of each, with the size and the hash of its file. Not thread-safe. */
final class ImageRows {

    private final Sql sql;
    private final ImageFiles files;

    ImageRows(Sql sql, ImageFiles files) {
        this.sql = sql;
        this.files = files;
    }

    void insert(String jobId, JobImage image, long bytes) throws SQLException {
        sql.update(
                "INSERT OR REPLACE INTO picture (job_id, picture, seed, width, height, steps, guidance_scale, format,"
                        + " sha256, bytes, timings, warnings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                jobId,
                image.index(),
                image.seed(),
                image.width(),
                image.height(),
                image.steps(),
                image.guidanceScale(),
                image.format().name(),
                image.sha256(),
                bytes,
                SpecJson.write(image.timings()),
                SpecJson.write(image.warnings()));
    }

    /** A job's images; reading one whose file is missing or damaged says so. */
    List<JobImage> of(String jobId) throws SQLException {
        List<JobImage> found = new ArrayList<>();
        try (PreparedStatement statement =
                        sql.prepare("SELECT * FROM picture WHERE job_id = ? ORDER BY picture", jobId);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                int index = row.getInt("picture");
                ImageFormat format = ImageFormat.valueOf(row.getString("format"));
                String sha256 = row.getString("sha256");
                found.add(new JobImage(
                        index,
                        row.getLong("seed"),
                        row.getInt("width"),
                        row.getInt("height"),
                        row.getInt("steps"),
                        row.getDouble("guidance_scale"),
                        format,
                        sha256,
                        SpecJson.readTimings(row.getString("timings")),
                        SpecJson.readSentences(row.getString("warnings")),
                        files.content(jobId, index, format, row.getLong("bytes"), sha256)));
            }
        }
        return found;
    }

    /** Every image that has a row, as {@code JOB/INDEX}. */
    Set<String> names() throws SQLException {
        return new HashSet<>(sql.strings("SELECT job_id || '/' || picture FROM picture"));
    }
}
