package dev.mobilediffusion.server.install;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A model in a folder of this machine, links followed; hidden files stay behind. */
record FolderSource(Path folder) implements ModelSource {

    @Override
    public String name() {
        return folder.toAbsolutePath().normalize().getFileName().toString();
    }

    @Override
    public void copyTo(Path staging, InstallProgress progress) throws IOException {
        List<String> names = names();
        long total = 0;
        for (String name : names) {
            total += Files.size(folder.resolve(name));
        }
        StagedFiles files = new StagedFiles(staging, total, progress);
        for (String name : names) {
            try (InputStream in = Files.newInputStream(folder.resolve(name))) {
                files.write(name, in, Long.MAX_VALUE);
            }
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString().replace('\\', '/'))
                    .filter(ModelFiles::belongs)
                    .toList();
        }
    }
}
