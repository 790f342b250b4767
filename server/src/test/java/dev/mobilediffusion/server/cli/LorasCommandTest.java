package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LorasCommandTest {

    private static final Path GOLDENS =
            CommandLineRun.MODELS.resolveSibling("goldens").resolve("lora");
    private static final Path KOHYA = GOLDENS.resolve("kohya.safetensors");

    @TempDir
    private Path folder;

    @Test
    void addsListsShowsDrawsWithAndRemovesALora() throws IOException {
        copy(GOLDENS.resolve("tiny-lora"), "tiny-lora");
        TinyModel.copy(models());

        CommandLineRun added = loras("add", KOHYA, "--name", "night");
        assertThat(added.err().toString(), added.exitCode(), is(0));
        assertThat(added.out(), contains("night"));
        assertThat(added.err(), contains("night fits tiny-lora"));

        assertThat(loras("list").out(), contains(startsWith("night                unet ")));
        CommandLineRun shown = loras("show", "night");
        assertThat(shown.out(), hasItems("name         night", "model        tiny-lora, which it fits"));
        assertThat(shown.out(), hasItem(startsWith("model        tiny-flow")));

        Path plain = folder.resolve("plain.png");
        Path changed = folder.resolve("changed.png");
        assertThat(draw(plain).exitCode(), is(0));
        assertThat(draw(changed, "--lora", "night=1").exitCode(), is(0));
        assertThat(Arrays.equals(Files.readAllBytes(plain), Files.readAllBytes(changed)), is(false));
        Path named = folder.resolve("named.png");
        CommandLineRun byPrompt = drawing("a boat <lora:night:0.25> <lora:oil:1>", named, "--lora", "night=0.75");
        assertThat(byPrompt.exitCode(), is(0));
        assertThat(
                byPrompt.err(),
                hasItem("mobilediffusion: there is no such LoRA, so it was left out of the prompt: <lora:oil:1>"));
        assertThat("the weights of both together", Files.readAllBytes(named), is(Files.readAllBytes(changed)));
        refused(drawing("<lora:night>", named), 2, "prompt must not be empty");
        refused(draw(named, "--lora", "oil=1"), 2, "there is no LoRA \"oil\", only night");

        assertThat(loras("remove", "night").err(), contains("removed night"));
        assertThat(loras("list").out(), empty());
    }

    @Test
    void aLoraForAnotherModelIsRefusedByTheFirstLayerThatDoesNotFit() throws IOException {
        copy(GOLDENS.resolve("tiny-lora"), "tiny-lora");
        Path other = folder.resolve("other.safetensors");
        Files.write(other, ofLayer("lora_unet_double_blocks_0_img_attn_qkv"));

        refused(
                loras("add", other),
                1,
                "the LoRA other is not for tiny-lora, which has no layer double_blocks_0_img_attn_qkv");
        assertThat(files(), empty());
    }

    @Test
    void whatIsNoLoraIsRefusedAndNothingOfItIsKept() throws IOException {
        TinyModel.copy(models());
        Path text = Files.writeString(folder.resolve("text.safetensors"), "no LoRA at all");

        refused(loras("add", text), 1, "no safetensors file");
        refused(loras("add", folder.resolve("none.safetensors")), 2, "the file must be there and end in .safetensors");
        refused(loras("add", text, "--name", "../up"), 2, "a name must have 1 to 100 characters");
        assertThat(files(), empty());
    }

    @Test
    void aNameThatIsTakenOrNotThereIsSaid() throws IOException {
        copy(GOLDENS.resolve("tiny-lora"), "tiny-lora");
        assertThat(loras("add", KOHYA).exitCode(), is(0));

        refused(loras("add", KOHYA), 1, "there is a LoRA 'kohya' already; remove it first");
        refused(loras("remove", "oil"), 1, "there is no LoRA 'oil' in");
        refused(loras("show", "oil"), 1, "only kohya");
        refused(loras(), 2, "a command is missing, one of list, show, add, remove");
    }

    /** A LoRA that changes {@code layer} alone, of four inputs and outputs, at rank 1. */
    private static byte[] ofLayer(String layer) {
        byte[] header = """
            {"%s.lora_down.weight":{"dtype":"F32","shape":[1,4],"data_offsets":[0,16]},\
            "%s.lora_up.weight":{"dtype":"F32","shape":[4,1],"data_offsets":[16,32]}}\
            """.formatted(layer, layer).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + header.length + 32)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
    }

    private static void refused(CommandLineRun run, int exitCode, String sentence) {
        assertThat(run.err().toString(), run.exitCode(), is(exitCode));
        assertThat(run.err(), contains(containsString(sentence)));
        assertThat(run.out(), empty());
    }

    private Path models() {
        return folder.resolve("models");
    }

    /** All that is in the folder of LoRAs. */
    private List<Path> files() throws IOException {
        Path loras = models().resolve("loras");
        if (!Files.isDirectory(loras)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(loras)) {
            return files.toList();
        }
    }

    private CommandLineRun loras(Object... arguments) {
        List<Object> words = new ArrayList<>(List.of("loras"));
        words.addAll(List.of(arguments));
        if (arguments.length > 0) {
            words.addAll(List.of("--models", models()));
        }
        return CommandLineRun.of(words.toArray());
    }

    private CommandLineRun draw(Path out, Object... more) {
        return drawing("a boat", out, more);
    }

    private CommandLineRun drawing(String prompt, Path out, Object... more) {
        List<Object> words = new ArrayList<>(List.of(
                "generate",
                prompt,
                "--seed",
                1,
                "--steps",
                2,
                "--models",
                models(),
                "--model",
                "tiny-lora",
                "--out",
                out));
        words.addAll(List.of(more));
        return CommandLineRun.of(words.toArray());
    }

    private void copy(Path source, String name) throws IOException {
        Path target = Files.createDirectories(models()).resolve(name);
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        }
    }
}
