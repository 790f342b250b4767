package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.concept.Concepts;
import dev.mobilediffusion.runtime.image.Cutout;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.server.UserFolders;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code concepts}: things of one's own that a model draws, taught by one picture each. */
@Command(
        name = "concepts",
        description = "Teaches a model things of one's own by one picture each, lists and forgets them.",
        subcommands = {ConceptsCommand.ListConcepts.class, ConceptsCommand.Add.class, ConceptsCommand.Remove.class})
final class ConceptsCommand extends CommandGroup {

    /** {@code concepts list}: a line per thing. */
    @Command(
            name = "list",
            modelTransformer = SettingFlags.OfConcepts.class,
            description = "Lists the things that a model was taught: name, other names.")
    static final class ListConcepts implements Runnable {

        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            String model = ModelChoice.bundle(spec).getFileName().toString();
            PrintWriter out = spec.commandLine().getOut();
            Concepts.of(folder(spec), model)
                    .forEach(concept -> out.println("%-20s %s"
                            .formatted(
                                    concept.name(),
                                    String.join(
                                            ", ",
                                            concept.names()
                                                    .subList(1, concept.names().size())))
                            .strip()));
            out.flush();
        }
    }

    /** {@code concepts add}: the thing's name on stdout. */
    @Command(
            name = "add",
            modelTransformer = SettingFlags.OfConcepts.class,
            description = "Teaches a model a thing, or gives one of that name another picture.",
            footer = {
                "",
                "Best is a picture of the thing alone, upright, on a transparent ground or one of a single colour.",
                "A running server of the same data folder draws it from its next picture on.",
                "",
                "Example: mobilediffusion concepts add zorb --image zorb.png && mobilediffusion generate \"a red zorb\""
            })
    static final class Add implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "What prompts call it; its plural counts, too.")
        private String name;

        @Option(names = "--image", required = true, paramLabel = "FILE", description = "A PNG, JPEG or WebP of it.")
        private Path image;

        @Option(
                names = "--names",
                split = ",",
                paramLabel = "A,B",
                description = "Other names for it, with commas between them.")
        private List<String> names = List.of();

        @Override
        public void run() {
            try {
                ModelBundle bundle = ModelBundle.open(ModelChoice.bundle(spec));
                RuntimeOptions frugal = RuntimeOptions.defaults().withMemory(RuntimeOptions.MemoryProfile.SMALL);
                Concepts.Taught taught = new Concepts(bundle, folder(spec), frugal).add(name, names, picture());
                PrintWriter err = spec.commandLine().getErr();
                if (taught.ground() == Cutout.Ground.KEPT) {
                    err.println("mobilediffusion: " + Cutout.KEPT_SENTENCE);
                }
                err.printf(
                        Locale.ROOT,
                        "%s draws it now, as in \"a red %s\"%n",
                        bundle.name(),
                        taught.concept().name());
                err.flush();
                spec.commandLine().getOut().println(taught.concept().name());
            } catch (InferenceException refused) {
                if (refused.code() == InferenceException.Code.INVALID_REQUEST) {
                    throw new ParameterException(spec.commandLine(), flagged(refused), refused);
                }
                throw refused;
            }
        }

        /** The sentence with the flag's name where it has the field's. */
        private static String flagged(InferenceException refused) {
            return switch (refused.param()) {
                case "image", "names" -> "--" + refused.getMessage();
                default -> refused.getMessage();
            };
        }

        private ImageFileReader.Read picture() {
            try {
                if (Files.size(image) > ImageFileReader.MAX_BYTES) {
                    throw InferenceException.invalid(
                            "image",
                            "image must have at most %d bytes, got %d",
                            ImageFileReader.MAX_BYTES,
                            Files.size(image));
                }
                return ImageFileReader.read(Files.readAllBytes(image), "image");
            } catch (IOException failure) {
                throw InferenceException.invalid("image", "image cannot be read: %s", failure);
            }
        }
    }

    /** {@code concepts remove}. */
    @Command(
            name = "remove",
            modelTransformer = SettingFlags.OfConcepts.class,
            description = "Forgets a thing and its picture.")
    static final class Remove implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "Which thing.")
        private String name;

        @Override
        public void run() {
            String model = ModelChoice.bundle(spec).getFileName().toString();
            if (!Concepts.remove(folder(spec), model, name)) {
                throw new CommandFailure(
                        "%s was taught no '%s'; 'concepts list' tells what it was".formatted(model, name));
            }
            spec.commandLine().getErr().println("removed " + name);
        }
    }

    private static Path folder(CommandSpec command) {
        return UserFolders.concepts(SettingFlags.config(command).data());
    }
}
