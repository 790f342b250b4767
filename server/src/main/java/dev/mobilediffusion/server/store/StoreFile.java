package dev.mobilediffusion.server.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/**
 * {@code jobs.sqlite} in the data folder. One that is damaged is set aside as {@code jobs.sqlite.damaged-DATE}, and a
 * fresh one takes its place, with all the jobs that could still be read. The fresh one is made beside it and renamed when
 * it is complete, so a kill or a full disk on the way loses nothing.
 */
final class StoreFile {

    private static final System.Logger LOG = System.getLogger(StoreFile.class.getName());
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

    /** SQLite's own files beside the main one: https://sqlite.org/tempfiles.html */
    private static final List<String> COMPANIONS = List.of("-wal", "-shm");

    private final Path file;
    private final Path fresh;
    private final FileLayer files;
    private final Clock clock;

    StoreFile(Path folder, FileLayer files, Clock clock) {
        this.file = folder.resolve("jobs.sqlite");
        this.fresh = folder.resolve("jobs.sqlite.new");
        this.files = files;
        this.clock = clock;
    }

    /** @throws UnknownSchemaException when a newer server wrote it */
    Connection open() throws SQLException, IOException {
        finishReplacement();
        try {
            requireNotCutOff();
            return JobDatabase.open(file);
        } catch (SQLException e) {
            if (!DamagedStoreException.isDamage(e)) {
                throw e;
            }
            replace(e.getMessage());
            return JobDatabase.open(file);
        }
    }

    /** What a kill left of {@link #replace}: the fresh file is complete once the old one has another name. */
    private void finishReplacement() throws IOException {
        if (!Files.exists(file) && Files.exists(fresh)) {
            files.rename(fresh, file);
        }
        deleteWithCompanions(fresh);
    }

    /** SQLite would take an empty file for a new one, and delete the commits that wait in the file beside it. */
    private void requireNotCutOff() throws IOException, DamagedStoreException {
        Path wal = Path.of(file + COMPANIONS.getFirst());
        boolean empty = !Files.exists(file) || Files.size(file) == 0;
        if (empty && Files.exists(wal) && Files.size(wal) > 0) {
            throw new DamagedStoreException("it is empty, but there are commits in " + wal.getFileName());
        }
    }

    private void replace(String reason) throws SQLException, IOException {
        int saved = 0;
        try (Connection target = JobDatabase.open(fresh)) {
            // Opening an empty one, SQLite would delete the commits beside it
            if (Files.exists(file) && Files.size(file) > 0) {
                saved = new StoreSalvage(target).copyFrom(file);
            }
        }
        Path aside = freeName();
        // The log of commits first: beside the fresh file, SQLite would play it into that
        for (String companion : COMPANIONS) {
            moveIfThere(Path.of(file + companion), Path.of(aside + companion));
        }
        moveIfThere(file, aside);
        files.rename(fresh, file);
        files.syncFolder(file.getParent());
        LOG.log(
                System.Logger.Level.ERROR,
                "{0} is damaged ({1}); it is kept as {2}, and a fresh one has begun with the {3} jobs that could be"
                        + " read",
                file,
                reason,
                aside.getFileName(),
                saved);
    }

    private Path freeName() {
        String name = file.getFileName() + ".damaged-" + DATE.format(clock.instant());
        Path aside = file.resolveSibling(name);
        for (int i = 2; Files.exists(aside) || Files.exists(Path.of(aside + COMPANIONS.getFirst())); i++) {
            aside = file.resolveSibling(name + "-" + i);
        }
        return aside;
    }

    private static void moveIfThere(Path from, Path to) throws IOException {
        if (Files.exists(from)) {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static void deleteWithCompanions(Path path) throws IOException {
        Files.deleteIfExists(path);
        for (String companion : COMPANIONS) {
            Files.deleteIfExists(Path.of(path + companion));
        }
    }
}
