package dev.mobilediffusion.runtime.concept;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.Sha256;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.image.Cutout;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.text.ClipTokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Things that a person teaches a model with a visual memory, by one picture each: a row more in the memory's table, and
 * phrases more that mean it. The bundle stays as it is; pictures lie in a folder of the user's.
 *
 * <pre>{@code
 * Concepts concepts = new Concepts(bundle, data.resolve("concepts"), options);
 * concepts.add("zorb", List.of(), ImageFileReader.read(file, "image"));
 * concepts.textEncoder();   // a model.onnx that draws a zorb for "a red zorb"
 * }</pre>
 */
public final class Concepts {

    /** Of one model; each costs 9 KB of memory. */
    public static final int MAX_CONCEPTS = 200;

    private final ModelBundle bundle;
    private final RuntimeOptions options;
    private final ConceptFolder folder;

    /** What became of a picture. */
    public record Taught(Concept concept, Cutout.Ground ground, boolean replaced) {}

    /** @param concepts the folder of all models' things */
    public Concepts(ModelBundle bundle, Path concepts, RuntimeOptions options) {
        this.bundle = bundle;
        this.options = options;
        this.folder = new ConceptFolder(concepts.resolve(bundle.name()));
    }

    /** The things that a model was taught, in that order; none where the folder has none, whether or not there is a model. */
    public static List<Concept> of(Path concepts, String model) {
        return new ConceptFolder(concepts.resolve(model)).list();
    }

    /** Forgets a thing by its name; whether there was one. */
    public static boolean remove(Path concepts, String model, String name) {
        ConceptFolder folder = new ConceptFolder(concepts.resolve(model));
        String wanted = ConceptNames.normalized(name);
        if (folder.list().stream().noneMatch(concept -> concept.name().equals(wanted))) {
            return false;
        }
        folder.change(concepts0 -> concepts0.stream()
                .filter(concept -> !concept.name().equals(wanted))
                .toList());
        return true;
    }

    /** The file with a thing's picture, a PNG with alpha; empty where there is no such thing. */
    public static Optional<Path> picture(Path concepts, String model, String name) {
        ConceptFolder folder = new ConceptFolder(concepts.resolve(model));
        String wanted = ConceptNames.normalized(name);
        return folder.list().stream()
                .filter(concept -> concept.name().equals(wanted))
                .map(folder::picture)
                .findFirst();
    }

    /** Differs from an earlier one when things came or went since; empty while there never was one. */
    public String stamp() {
        return folder.stamp();
    }

    public List<Concept> list() {
        return folder.list();
    }

    /**
     * Teaches the model a thing, or gives one of that name another picture and other names.
     *
     * @param others what it is called besides
     * @throws InferenceException with code INVALID_REQUEST about the names, the picture or the model; nothing is kept then
     */
    public Taught add(String name, List<String> others, ImageFileReader.Read picture) {
        List<String> names = ConceptNames.checked(name, others);
        RecallGraph recall = recall().orElseThrow(this::unteachable);
        ClipTokenizer tokenizer = new ClipTokenizer(bundle.tokenizer());
        FreeNames free = new FreeNames(bundle, recall, tokenizer);
        names.forEach(each -> free.require(each, each.equals(names.getFirst()) ? "name" : "names"));
        Cutout cutout = Cutout.of(picture, PictureEncoder.pixels(bundle, recall.side()), "image");
        String file = folder.keep(cutout.png());
        Concept concept = new Concept(names.getFirst(), names, file);
        rows(List.of(concept)); // so that a picture which cannot be encoded is refused here
        boolean[] replaced = {false};
        folder.change(known -> {
            List<Concept> changed = new ArrayList<>(known);
            replaced[0] = changed.removeIf(each -> each.name().equals(concept.name()));
            free.requireRoom(changed, concept, MAX_CONCEPTS);
            changed.add(concept);
            return changed;
        });
        return new Taught(concept, cutout.ground(), replaced[0]);
    }

    /**
     * A text encoder that knows the things there are, to be read in the place of the bundle's; made where it is not there
     * yet. Empty where there are none.
     *
     * @throws InferenceException when the model has no memory for them, or the folder cannot be read or written
     */
    public Optional<Path> textEncoder() {
        List<Concept> concepts = folder.list();
        if (concepts.isEmpty()) {
            return Optional.empty();
        }
        try {
            String key = Sha256.of(hash(bundle.textEncoderModel()) + encoderHash() + concepts);
            Path model = folder.graphs().resolve(key.substring(0, 32)).resolve("model.onnx");
            if (!Files.isRegularFile(model)) {
                TaughtGraphs.make(model, part -> write(part, concepts));
            }
            return Optional.of(model);
        } catch (IOException failure) {
            throw ConceptFolder.broken(folder.graphs(), failure.toString(), failure);
        }
    }

    private void write(Path part, List<Concept> concepts) {
        RecallGraph recall = recall().orElseThrow(this::unteachable);
        ClipTokenizer tokenizer = new ClipTokenizer(bundle.tokenizer());
        List<RecallGraph.Phrase> phrases = new ArrayList<>();
        Set<List<Integer>> seen = new HashSet<>();
        for (int thing = 0; thing < concepts.size(); thing++) {
            for (String name : concepts.get(thing).names()) {
                for (String spelling : ConceptNames.spellings(name)) {
                    List<Integer> ids = tokenizer.ids(spelling, recall.longest());
                    if (!recall.knows(ids) && seen.add(ids)) {
                        phrases.add(new RecallGraph.Phrase(ids, thing));
                    }
                }
            }
        }
        recall.write(part, rows(concepts), phrases);
    }

    private Optional<RecallGraph> recall() {
        return RecallGraph.of(bundle.textEncoderModel())
                .filter(recall -> bundle.vaeEncoderModel().isPresent())
                .filter(recall -> recall.numbers() == PictureEncoder.numbers(bundle))
                .filter(recall ->
                        PictureEncoder.pixels(bundle, recall.side()) <= Math.min(bundle.width(), bundle.height()));
    }

    private InferenceException unteachable() {
        return InferenceException.invalid(
                "model",
                "the model %s has no visual memory that a thing could be added to, or no vae_encoder/ to see it with",
                bundle.name());
    }

    /** (parts, numbers) of each thing, remembered on disk. */
    private List<float[]> rows(List<Concept> concepts) {
        List<float[]> rows = new ArrayList<>();
        try {
            String encoder = encoderHash();
            List<Concept> unseen = new ArrayList<>();
            for (Concept concept : concepts) {
                if (!Files.isRegularFile(folder.row(concept, encoder))) {
                    unseen.add(concept);
                }
            }
            if (!unseen.isEmpty()) {
                encode(unseen, encoder);
            }
            for (Concept concept : concepts) {
                ByteBuffer row = ByteBuffer.wrap(Files.readAllBytes(folder.row(concept, encoder)))
                        .order(ByteOrder.LITTLE_ENDIAN);
                float[] numbers = new float[row.remaining() / Float.BYTES];
                row.asFloatBuffer().get(numbers);
                rows.add(numbers);
            }
        } catch (IOException failure) {
            throw ConceptFolder.broken(folder.graphs().getParent(), failure.toString(), failure);
        }
        return rows;
    }

    private void encode(List<Concept> concepts, String encoder) throws IOException {
        try (PictureEncoder vae = new PictureEncoder(bundle, options)) {
            for (Concept concept : concepts) {
                Path picture = folder.picture(concept);
                float[] numbers =
                        vae.encode(Cutout.ofSquare(ImageFileReader.read(Files.readAllBytes(picture), "image")));
                ByteBuffer row =
                        ByteBuffer.allocate(numbers.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                row.asFloatBuffer().put(numbers);
                folder.write(folder.row(concept, encoder).getFileName().toString(), row.array());
            }
        }
    }

    private String encoderHash() throws IOException {
        return hash(bundle.vaeEncoderModel().orElseThrow(this::unteachable));
    }

    private String hash(Path file) throws IOException {
        String path = bundle.folder().relativize(file).toString().replace('\\', '/');
        String listed = bundle.manifest()
                .map(manifest -> manifest.files().getOrDefault(path, ""))
                .orElse("");
        return listed.isEmpty() ? Sha256.of(file) : listed;
    }
}
