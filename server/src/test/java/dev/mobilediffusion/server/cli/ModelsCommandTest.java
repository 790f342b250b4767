package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelsCommandTest {

    @TempDir
    private Path folder;

    @Test
    void listsEveryModelByNameAndSize() {
        CommandLineRun run = CommandLineRun.of("models", "list", "--models", CommandLineRun.MODELS);

        assertThat(run.exitCode(), is(0));
        assertThat(
                run.out(),
                contains(
                        allOf(startsWith("tiny-flow "), containsString("64x64"), containsString("Apache-2.0")),
                        startsWith("tiny-flow-int8 "),
                        startsWith("tiny-lcm "),
                        startsWith("tiny-memory "),
                        startsWith("tiny-sd ")));
    }

    @Test
    void listsAModelThatCannotBeUsedWithTheReason() throws IOException {
        Path model = TinyModel.copy(folder);
        Files.delete(model.resolve("unet/config.json"));

        CommandLineRun run = CommandLineRun.of("models", "list", "--models", folder);

        assertThat(run.exitCode(), is(0));
        assertThat(
                run.out(),
                contains(allOf(
                        startsWith("tiny-flow "), containsString("cannot be used: unet/config.json is missing"))));
    }

    @Test
    void showsWhatAModelIs() {
        CommandLineRun run = CommandLineRun.of("models", "show", "tiny-flow", "--models", CommandLineRun.MODELS);

        assertThat(run.exitCode(), is(0));
        assertThat(
                run.out(),
                hasItems(
                        "name         tiny-flow",
                        "size         64x64",
                        "scheduler    FlowMatchEulerDiscreteScheduler",
                        "guidance     1, distilled into the weights",
                        "unet         UNet2DConditionModel, 0.1 million parameters, float32, 0 MB, 872 operators"));
    }

    @Test
    void countsMultiplications() {
        CommandLineRun run =
                CommandLineRun.of("models", "show", "tiny-sd", "--count", "--models", CommandLineRun.MODELS);

        assertThat(run.exitCode(), is(0));
        assertThat(run.out(), hasItem(startsWith("compute      text_encoder 0.0, unet 0.0 per call, vae_decoder ")));
    }

    @Test
    void addsAndRemovesAModel() {
        CommandLineRun added = CommandLineRun.of(
                "models", "add", CommandLineRun.MODELS.resolve("tiny-lcm"), "--name", "half", "--models", folder);
        CommandLineRun drawn = CommandLineRun.of(
                "generate", "a red house", "--models", folder, "--model", "half", "--out", folder.resolve("a.png"));
        CommandLineRun removed = CommandLineRun.of("models", "remove", "half", "--models", folder);

        assertThat(added.exitCode(), is(0));
        assertThat(added.out(), contains("half"));
        assertThat(drawn.exitCode(), is(0));
        assertThat(removed.exitCode(), is(0));
        assertThat(CommandLineRun.of("models", "list", "--models", folder).out(), is(empty()));
    }

    @Test
    void addsToAFolderThatIsNotThereYet() {
        Path fresh = folder.resolve("new/models");

        CommandLineRun run =
                CommandLineRun.of("models", "add", CommandLineRun.MODELS.resolve("tiny-lcm"), "--models", fresh);

        assertThat(run.exitCode(), is(0));
        assertThat(Files.isRegularFile(fresh.resolve("tiny-lcm/model_index.json")), is(true));
    }

    @Test
    void saysInOneLineWhyAModelCannotBeAdded() {
        CommandLineRun run = CommandLineRun.of("models", "add", folder, "--name", "void", "--models", folder);

        assertThat(run.exitCode(), is(1));
        assertThat(run.err(), contains(containsString("model_index.json is missing")));
    }

    @Test
    void findsFilesAsTheirMakerMadeThem() throws IOException {
        TinyModel.copy(folder);

        CommandLineRun run = CommandLineRun.of("models", "verify", "--models", folder);

        assertThat(run.exitCode(), is(0));
        assertThat(run.out(), contains("tiny-flow: 14 files are as their maker made them"));
        assertThat(run.err(), is(empty()));
    }

    @Test
    void findsAFileThatWasAltered() throws IOException {
        Path model = TinyModel.copy(folder);
        Files.writeString(model.resolve("tokenizer/merges.txt"), "\n", StandardOpenOption.APPEND);

        CommandLineRun run = CommandLineRun.of("models", "verify", "tiny-flow", "--models", folder);

        assertThat(run.exitCode(), is(1));
        assertThat(run.out(), contains(startsWith("tiny-flow: tokenizer/merges.txt is altered")));
        assertThat(run.err(), contains("mobilediffusion: 1 of 1 models cannot be trusted"));
    }

    @Test
    void saysWhereModelsWereLookedForInVain() {
        CommandLineRun run = CommandLineRun.of("models", "verify", "--models", folder);

        assertThat(run.exitCode(), is(1));
        assertThat(run.err(), contains(startsWith("mobilediffusion: there is no model in " + folder)));
    }

    @Test
    void refusesAFolderOfModelsThatIsNotThere() {
        CommandLineRun run = CommandLineRun.of("models", "list", "--models", folder.resolve("gone"));

        assertThat(run.exitCode(), is(2));
        assertThat(run.err(), contains(startsWith("mobilediffusion: --models must name a folder that exists")));
    }
}
