package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Images on the disk that the store has no row for, since it was damaged or is new: they are taken up again under their
 * jobs' ids, and expire as others do. Files that are no images of a job stay where they are, and are not shown.
 */
final class LostImages {

    private static final System.Logger LOG = System.getLogger(LostImages.class.getName());

    private final ImageFiles files;
    private final JobRows jobs;
    private final ImageRows images;

    LostImages(ImageFiles files, JobRows jobs, ImageRows images) {
        this.files = files;
        this.jobs = jobs;
        this.images = images;
    }

    /** Takes them up; how many. */
    int takeUp() throws IOException, SQLException {
        Map<String, Boolean> ended = jobs.ended();
        Set<String> known = images.names();
        int taken = 0;
        for (Path folder : folders()) {
            String id = folder.getFileName().toString();
            if (ended.containsKey(id)) {
                files.deleteParts(id);
            }
            if (ended.getOrDefault(id, true)) { // what is unfinished is drawn again anyway
                List<FoundImage> lost = lost(folder, known);
                if (!lost.isEmpty() && !ended.containsKey(id)) {
                    insertJob(
                            id,
                            lost,
                            Files.getLastModifiedTime(lost.getLast().file()).toInstant());
                }
                for (FoundImage each : lost) {
                    images.insert(id, each.image(), Files.size(each.file()));
                }
                taken += lost.size();
            }
        }
        if (taken > 0) {
            LOG.log(System.Logger.Level.WARNING, "{0} pictures that the store did not know were taken up again", taken);
        }
        return taken;
    }

    private List<Path> folders() throws IOException {
        try (Stream<Path> all = Files.list(files.root())) {
            return all.filter(folder -> JobIds.isValid(folder.getFileName().toString())
                            && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        }
    }

    private static List<FoundImage> lost(Path folder, Set<String> known) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> !known.contains(folder.getFileName() + "/"
                            + file.getFileName().toString().replaceFirst("\\..*", "")))
                    .map(FoundImage::of)
                    .flatMap(Optional::stream)
                    .sorted(Comparator.comparingInt(FoundImage::index))
                    .toList();
        }
    }

    private void insertJob(String id, List<FoundImage> found, Instant end) throws SQLException {
        FoundImage first = found.getFirst();
        JobSpec spec = JobSpec.of(first.model(), first.request())
                .withApi("jobs")
                .withCount(found.getLast().index() + 1)
                .withDelivery(Delivery.PNG.withFormat(first.format()))
                .withLifetime(Lifetime.DURABLE);
        jobs.insertEnded(new Job(id, spec, new ClientId("unknown"), end, 0), end);
    }
}
