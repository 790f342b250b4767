package dev.mobilediffusion.runtime;

import java.nio.file.Path;
import java.util.Objects;

/**
 * Where optimized graphs are kept for later starts.
 *
 * @param folder that may not exist yet
 * @param processor what tells processors apart for which the graphs would differ; kept graphs of another one are not used
 * @param ofCopies whether they are of networks that are made for a while, under names that never come again, and so are
 *     known by their content; a bounded number of these is kept
 */
public record GraphFolder(Path folder, String processor, boolean ofCopies) {

    /** Of networks that stay where they are. */
    public GraphFolder(Path folder, String processor) {
        this(folder, processor, false);
    }

    public GraphFolder {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(processor, "processor");
    }

    /** The same for networks that are made for a while. */
    public GraphFolder forCopies() {
        return new GraphFolder(folder, processor, true);
    }
}
