package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.files.PrivateFiles;
import dev.mobilediffusion.server.job.JobImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What is in a data folder, and what is wrong with it; reads everything and changes nothing, also beside a running server.
 *
 * @param facts sentences about what is there
 * @param faults sentences about what is damaged, missing or open to others; empty when all is well
 */
public record StoreReport(List<String> facts, List<String> faults) {

    public StoreReport {
        facts = List.copyOf(facts);
        faults = List.copyOf(faults);
    }

    public static StoreReport of(Path data) {
        List<String> facts = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        Path file = data.resolve("jobs.sqlite");
        Path images = data.resolve("pictures");
        try {
            if (Files.exists(file)) {
                readStore(file, images, facts, faults);
            } else {
                facts.add("%s: there is no store of jobs yet".formatted(file));
            }
            for (Path each : present(file, Path.of(file + "-wal"), images, data.resolve("keys.json"))) {
                if (PrivateFiles.isOpenToOthers(each)) {
                    faults.add("%s: others may read it; the next start of the server ends that".formatted(each));
                }
            }
            setAside(data, facts);
        } catch (IOException e) {
            faults.add("%s: cannot be read: %s".formatted(data, e));
        }
        return new StoreReport(facts, faults);
    }

    private static List<Path> present(Path... files) {
        return Stream.of(files).filter(Files::exists).toList();
    }

    private static void readStore(Path file, Path images, List<String> facts, List<String> faults) throws IOException {
        try (Connection connection = JobDatabase.openReadOnly(file)) {
            JobDatabase.requireWhole(connection);
            ImageFiles files = new ImageFiles(images, FileLayer.DISK);
            ImageRows rows = new ImageRows(new Sql(connection), files);
            UploadFiles uploads = new UploadFiles(images.resolveSibling("uploads"), FileLayer.DISK);
            Map<String, Boolean> jobs = new JobRows(new Sql(connection), rows, uploads).ended();
            Set<String> names = rows.names();
            for (String id : jobs.keySet()) {
                readImages(rows, id, faults);
            }
            facts.add("%s: %s jobs, %s of them ended, %s pictures"
                    .formatted(
                            file,
                            jobs.size(),
                            jobs.values().stream().filter(ended -> ended).count(),
                            names.size()));
            long unknown = Files.isDirectory(images) ? unknownFolders(images, jobs) : 0;
            if (unknown > 0) {
                faults.add("%s: %s folders belong to no job of the store; the next start takes up what is in them"
                        .formatted(images, unknown));
            }
        } catch (SQLException e) {
            faults.add("%s: is damaged: %s; the next start of the server keeps it under another name and begins afresh"
                    .formatted(file, e.getMessage()));
        }
    }

    private static void readImages(ImageRows rows, String id, List<String> faults) throws SQLException {
        List<JobImage> images;
        try {
            images = rows.of(id);
        } catch (RuntimeException damaged) {
            faults.add("job %s: its rows cannot be read: %s".formatted(id, damaged.getMessage()));
            return;
        }
        for (JobImage image : images) {
            try {
                image.content().check();
            } catch (ApiException e) {
                faults.add(e.getMessage());
            }
        }
    }

    private static long unknownFolders(Path images, Map<String, Boolean> jobs) throws IOException {
        try (Stream<Path> folders = Files.list(images)) {
            return folders.filter(
                            folder -> !jobs.containsKey(folder.getFileName().toString()))
                    .count();
        }
    }

    private static void setAside(Path data, List<String> facts) throws IOException {
        if (!Files.isDirectory(data)) {
            return;
        }
        try (Stream<Path> all = Files.list(data)) {
            all.filter(file -> file.getFileName().toString().matches("jobs\\.sqlite\\.damaged-[\\d-]+"))
                    .sorted()
                    .forEach(file -> facts.add("%s: was set aside since it was damaged".formatted(file)));
        }
    }
}
