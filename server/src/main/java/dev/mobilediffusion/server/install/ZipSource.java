package dev.mobilediffusion.server.install;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A model in a zip, at its top or in its one folder. Names that point outside, and archives that swell far beyond their
 * own size, are refused before anything is written.
 */
record ZipSource(Path archive) implements ModelSource {

    private static final String MARK = "model_index.json";
    private static final int MAX_ENTRIES = 20_000;

    /** Weights hardly shrink in a zip; vocabularies to a quarter. */
    private static final long MAX_SWELLING = 20;

    private static final long SMALL_BYTES = 16L << 20;

    @Override
    public String name() {
        return archive.getFileName().toString().replaceFirst("(?i)\\.zip$", "");
    }

    @Override
    public void copyTo(Path staging, InstallProgress progress) throws IOException {
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            List<? extends ZipEntry> entries =
                    zip.stream().filter(entry -> !entry.isDirectory()).toList();
            check(entries, staging);
            String prefix = prefix(entries);
            List<? extends ZipEntry> wanted = entries.stream()
                    .filter(entry -> entry.getName().startsWith(prefix)
                            && ModelFiles.belongs(entry.getName().substring(prefix.length())))
                    .toList();
            StagedFiles files = new StagedFiles(
                    staging, wanted.stream().mapToLong(ZipEntry::getSize).sum(), progress);
            for (ZipEntry entry : wanted) {
                try (InputStream in = zip.getInputStream(entry)) {
                    files.write(entry.getName().substring(prefix.length()), in, entry.getSize());
                }
            }
        } catch (ZipException damaged) {
            throw new InstallException(
                    "%s is damaged or no zip (%s); get it again".formatted(archive, damaged.getMessage()), damaged);
        }
    }

    private void check(List<? extends ZipEntry> entries, Path staging) throws IOException {
        if (entries.size() > MAX_ENTRIES) {
            throw new InstallException(
                    "%s has %s files, of at most %s; it is no model".formatted(archive, entries.size(), MAX_ENTRIES));
        }
        long limit = Math.max(SMALL_BYTES, Files.size(archive) * MAX_SWELLING);
        long sum = 0;
        for (ZipEntry entry : entries) {
            StagedFiles.resolve(staging, entry.getName());
            sum += Math.max(0, entry.getSize());
            if (entry.getSize() < 0 || sum > limit) {
                throw new InstallException(
                        "%s swells to more than %s MB at %s; it is damaged or a bomb, get it from its maker again"
                                .formatted(archive, limit >> 20, entry.getName()));
            }
        }
    }

    private String prefix(List<? extends ZipEntry> entries) {
        return entries.stream()
                .map(ZipEntry::getName)
                .filter(name -> name.equals(MARK) || name.matches("[^/]+/" + MARK))
                .min((left, right) -> Integer.compare(left.length(), right.length()))
                .map(name -> name.substring(0, name.length() - MARK.length()))
                .orElseThrow(() -> new InstallException(
                        "%s has no %s, so it is no model in the diffusers ONNX layout".formatted(archive, MARK)));
    }
}
