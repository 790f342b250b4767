package dev.mobilediffusion.server.install;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model on a hub.
 *
 * @param hub to ask
 * @param id {@code owner/name}
 * @param revision branch, tag or commit
 */
record HubSource(HubClient hub, String id, String revision) implements ModelSource {

    private static final Pattern ID =
            Pattern.compile("(?<id>[A-Za-z0-9][\\w.-]{0,95}/[A-Za-z0-9][\\w.-]{0,95})(@(?<revision>[\\w./-]{1,100}))?");

    static Optional<HubSource> parse(String text, HubClient hub) {
        Matcher matcher = ID.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        return Optional.of(new HubSource(
                hub,
                matcher.group("id"),
                Optional.ofNullable(matcher.group("revision")).orElse("main")));
    }

    @Override
    public String name() {
        return id.substring(id.indexOf('/') + 1);
    }

    @Override
    public boolean isResumable() {
        return true;
    }

    @Override
    public void copyTo(Path staging, InstallProgress progress) throws IOException {
        List<HubFile> wanted = hub.files(id, revision).stream()
                .filter(file -> ModelFiles.belongs(file.path()))
                .toList();
        if (wanted.stream().noneMatch(file -> file.path().equals("model_index.json"))) {
            throw new InstallException(
                    "%s has no model_index.json, so it is no model in the diffusers ONNX layout".formatted(id));
        }
        // Before gigabytes come that nobody can run
        if (wanted.stream().noneMatch(file -> file.path().equals("unet/model.onnx"))) {
            throw new InstallException(
                    "%s has no unet/model.onnx: it is in another program's form; export it to ONNX first"
                            .formatted(id));
        }
        StagedFiles files = new StagedFiles(
                staging, wanted.stream().mapToLong(HubFile::size).sum(), progress);
        for (HubFile file : wanted) {
            hub.download(id, revision, file, files);
        }
        removeOthers(staging, wanted);
    }

    /** What an earlier try brought, of a revision that had other files. */
    private static void removeOthers(Path staging, List<HubFile> wanted) throws IOException {
        Set<Path> expected = wanted.stream()
                .map(file -> StagedFiles.resolve(staging, file.path()))
                .collect(Collectors.toSet());
        try (Stream<Path> files = Files.walk(staging)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!expected.contains(file)) {
                    Files.delete(file);
                }
            }
        }
    }
}
