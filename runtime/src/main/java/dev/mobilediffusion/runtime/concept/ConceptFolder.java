package dev.mobilediffusion.runtime.concept;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.Sha256;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The things that one model was taught, on disk:
 *
 * <pre>
 * concepts.json        {"format_version": 1, "concepts": [{"name": "zorb", "names": ["zorb"], "picture": "3f2a….png"}]}
 * 3f2a….png            a picture, named after its hash
 * 3f2a…-9c1d….row      the same as one VAE encoder has it, to be made anew at will
 * graphs/              text encoders that know the things, likewise
 * </pre>
 *
 * The list is replaced whole. Thread-safe, between processes too.
 */
final class ConceptFolder {

    private static final String LIST = "concepts.json";
    private static final int FORMAT_VERSION = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;

    ConceptFolder(Path folder) {
        this.folder = folder;
    }

    /** Differs from an earlier one when the list was written since; empty while there is none. */
    String stamp() {
        try {
            BasicFileAttributes list = Files.readAttributes(folder.resolve(LIST), BasicFileAttributes.class);
            return "%s %s %s".formatted(list.lastModifiedTime().toInstant(), list.size(), list.fileKey());
        } catch (IOException none) {
            return "";
        }
    }

    /** In the order in which they were taught. */
    List<Concept> list() {
        Path file = folder.resolve(LIST);
        try {
            JsonNode root = JSON.readTree(Files.readAllBytes(file));
            List<Concept> concepts = new ArrayList<>();
            for (JsonNode each : root.path("concepts")) {
                List<String> names = new ArrayList<>();
                each.path("names").forEach(name -> names.add(name.asText()));
                concepts.add(new Concept(
                        each.path("name").asText(),
                        names,
                        Path.of(each.path("picture").asText()).getFileName().toString()));
            }
            boolean whole = root.path("format_version").asInt() == FORMAT_VERSION
                    && concepts.stream().noneMatch(concept -> concept.names().isEmpty());
            if (!whole) {
                throw broken(file, "it is of another version", null);
            }
            return concepts;
        } catch (NoSuchFileException none) {
            return List.of();
        } catch (JsonProcessingException damaged) {
            throw broken(file, "it is damaged", damaged);
        } catch (IOException unreadable) {
            throw broken(file, unreadable.toString(), unreadable);
        }
    }

    /**
     * Replaces the list by what {@code change} makes of it; pictures that no thing has any more go. Nobody else writes
     * meanwhile.
     */
    void change(UnaryOperator<List<Concept>> change) {
        synchronized (ConceptFolder.class) { // a lock on a file is the whole process's
            try {
                Files.createDirectories(folder);
                try (FileChannel channel = FileChannel.open(
                                folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock lock = channel.lock()) {
                    List<Concept> changed = change.apply(list());
                    write(LIST, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json(changed)));
                    removeOthers(changed);
                    assert lock.isValid();
                }
            } catch (IOException failure) {
                throw broken(folder, failure.toString(), failure);
            }
        }
    }

    private static ObjectNode json(List<Concept> concepts) {
        ObjectNode root = JSON.createObjectNode().put("format_version", FORMAT_VERSION);
        ArrayNode list = root.putArray("concepts");
        for (Concept concept : concepts) {
            ObjectNode node = list.addObject().put("name", concept.name());
            concept.names().forEach(node.putArray("names")::add);
            node.put("picture", concept.picture());
        }
        return root;
    }

    private void removeOthers(List<Concept> concepts) throws IOException {
        List<String> kept =
                concepts.stream().map(concept -> hash(concept.picture())).toList();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                String name = file.getFileName().toString();
                if (name.matches("[0-9a-f]{64}.*") && !kept.contains(hash(name))) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static String hash(String fileName) {
        return fileName.replaceAll("[^0-9a-f].*", "");
    }

    /** Keeps a picture, and returns its name for {@link Concept#picture}. */
    String keep(byte[] png) {
        String name = Sha256.of(png) + ".png";
        try {
            write(name, png);
            return name;
        } catch (IOException failure) {
            throw broken(folder.resolve(name), failure.toString(), failure);
        }
    }

    Path picture(Concept concept) {
        return folder.resolve(concept.picture());
    }

    /** Where a thing's row may lie, as the VAE encoder of that hash makes it. */
    Path row(Concept concept, String encoder) {
        return folder.resolve(hash(concept.picture()) + "-" + encoder.substring(0, 16) + ".row");
    }

    Path graphs() {
        return folder.resolve("graphs");
    }

    /** Under its name a file is whole. */
    void write(String name, byte[] content) throws IOException {
        Files.createDirectories(folder);
        Path part = Files.createTempFile(folder, ".", ".part");
        try {
            Files.write(part, content);
            Files.move(part, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    static InferenceException broken(Path file, String reason, Exception cause) {
        return new InferenceException(
                InferenceException.Code.INFERENCE_FAILED,
                "%s, where things of one's own are kept, cannot be used: %s".formatted(file, reason),
                cause);
    }
}
