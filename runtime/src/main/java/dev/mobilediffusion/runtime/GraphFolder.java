package dev.mobilediffusion.runtime;

import java.nio.file.Path;
import java.util.Objects;

/**
 * Where optimized graphs are kept for later starts.
 *
 * @param folder that may not exist yet
 * @param processor what tells processors apart for which the graphs would differ; kept graphs of another one are not used
 */
public record GraphFolder(Path folder, String processor) {

    public GraphFolder {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(processor, "processor");
    }
}
