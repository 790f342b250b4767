package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.adapter.LoraLibrary;
import dev.mobilediffusion.runtime.image.ImageCodec;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.image.Infotext;
import dev.mobilediffusion.server.benchmark.ImageSummary;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.LoraChoice;
import dev.mobilediffusion.server.generation.Seeds;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code generate}: draws images in this process, without a server, and prints the names of their files. */
@Command(
        name = "generate",
        modelTransformer = SettingFlags.OfDrawing.class,
        description = "Draws a picture and writes it to a file.",
        footer = {
            "",
            "The same model, prompt, seed and settings always give the same picture.",
            "",
            "Example: mobilediffusion generate \"a red house by the sea at sunset\" --seed 7 --out house.png"
        })
final class GenerateCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "PROMPT", description = "What to draw, in quotes.")
    private String prompt;

    @Option(
            names = "--out",
            paramLabel = "FILE.png",
            description = "Where to write the picture, as PNG, JPEG or WebP by its ending."
                    + " Default: named after the prompt and the seed, in this folder.")
    private Path out;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = OptionValues.Seed.class,
            description = "Start of the noise, 0 or more. Default: random.")
    private Long seed;

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = OptionValues.Steps.class,
            description = "Denoising steps, 1 to " + ImageRequest.MAX_STEPS + ". Default: the model's own.")
    private Integer steps;

    @Option(
            names = "--guidance-scale",
            paramLabel = "X",
            converter = OptionValues.GuidanceScale.class,
            description =
                    "How strongly the prompt pulls, 0 to 30; 1 and below means not at all. Default: the model's own.")
    private Double guidanceScale;

    @Option(names = "--negative-prompt", paramLabel = "T", description = "What to keep out of the picture.")
    private String negativePrompt = "";

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = "A picture to draw anew: PNG, JPEG or WebP. Its middle is cut to the model's shape.")
    private Path image;

    @Option(
            names = "--mask",
            paramLabel = "FILE",
            description = "Where to draw it anew: transparent or white there, of its size. Default: everywhere, or"
                    + " where the picture is transparent.")
    private Path mask;

    @Option(
            names = "--strength",
            paramLabel = "X",
            converter = OptionValues.Strength.class,
            description =
                    "How much of it is drawn anew, 0 to 1. Default: 0.8; 1 for a mask and a model" + " of one step.")
    private Double strength;

    @Mixin
    private ControlOptions control;

    @Mixin
    private UpscaleOptions upscale;

    @Option(
            names = "--lora",
            paramLabel = "NAME=WEIGHT",
            description =
                    "A LoRA in the folder loras of the models' folder, as often as wanted; also <lora:NAME:0.8> in the"
                            + " prompt.")
    private Map<String, Double> loras = Map.of();

    @Option(names = "--no-metadata", description = "Keep prompt and settings out of the picture's file.")
    private boolean noMetadata;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = OptionValues.Count.class,
            description = "How many pictures, 1 to " + JobSpec.MAX_COUNT
                    + ", with seeds N, N+1, ... and files house-1.png, house-2.png, ...")
    private int count = 1;

    /** Warnings that were printed; the images of one prompt mostly share theirs. */
    private final Set<String> told = new HashSet<>();

    @Override
    public void run() {
        LoraChoice choice = new LoraChoice(
                LoraLibrary.in(ModelChoice.library(spec).folder()).names());
        ImageRequest request = request(choice);
        if (image == null && (mask != null || strength != null)) {
            throw wrong("%s wants a picture: name it by --image", mask != null ? "--mask" : "--strength");
        }
        upscale.check(spec.commandLine());
        Optional<ImageFileReader.Read> source = read("--image", image);
        Optional<ImageFileReader.Read> marks = read("--mask", mask);
        Optional<ImageFileReader.Read> lines = read("--control", control.file(spec.commandLine()));
        List<Path> files = files(request);
        try (TextToImage pipeline = ModelChoice.load(spec)) {
            Optional<ImageEdit> edit =
                    source.map(read -> ImageEdit.of(read, marks, ImageEdit.Options.DEFAULT, pipeline.model()));
            for (int index = 0; index < count; index++) {
                String label = count == 1 ? "" : "%s/%s ".formatted(index + 1, count);
                ImageRequest wanted = control.applied(
                        request.withSeed(Seeds.ofImage(request.seed(), index)), lines, pipeline.model());
                draw(
                        pipeline,
                        upscale.applied(wanted, pipeline.model(), spec.commandLine()),
                        edit,
                        files.get(index),
                        label);
            }
        }
    }

    private ImageRequest request(LoraChoice choice) {
        String words = read(choice);
        if (words.isBlank()) {
            throw wrong("prompt must not be empty");
        }
        long first = Seeds.orRandom(seed == null ? OptionalLong.empty() : OptionalLong.of(seed));
        if (first > Seeds.largestFirst(count)) {
            throw wrong("--seed must be at most %d for %d pictures, got %d", Seeds.largestFirst(count), count, first);
        }
        return new ImageRequest(
                        words,
                        LoraChoice.withoutNetworks(negativePrompt),
                        first,
                        steps == null ? OptionalInt.empty() : OptionalInt.of(steps),
                        guidanceScale == null ? OptionalDouble.empty() : OptionalDouble.of(guidanceScale))
                .withLoras(choice.loras());
    }

    /** The prompt's words; the LoRAs that it and the options name go into {@code choice}. */
    private String read(LoraChoice choice) {
        try {
            loras.forEach(choice::add);
            String words = choice.read(prompt);
            tell(choice.warnings());
            return words;
        } catch (ApiException refused) {
            throw wrong("%s", refused.getMessage());
        }
    }

    private void tell(List<String> warnings) {
        warnings.stream()
                .filter(told::add)
                .forEach(warning -> spec.commandLine().getErr().println("mobilediffusion: " + warning));
    }

    /** A file that holds no image is a wrong use, told before a model is loaded. */
    private Optional<ImageFileReader.Read> read(String option, Path file) {
        try {
            return file == null ? Optional.empty() : Optional.of(ImageFile.read(file, option));
        } catch (IllegalArgumentException refused) {
            throw wrong("%s", refused.getMessage());
        }
    }

    private List<Path> files(ImageRequest request) {
        Path file = out == null ? ImageFile.named(request.prompt(), request.seed()) : out;
        try {
            ImageFile.checkWritable(file);
            List<Path> files = ImageFile.numbered(file, count);
            files.forEach(ImageFile::checkWritable);
            return files;
        } catch (IllegalArgumentException refusal) {
            throw wrong("--out %s", refusal.getMessage());
        }
    }

    private void draw(TextToImage pipeline, ImageRequest request, Optional<ImageEdit> edit, Path file, String label) {
        PrintWriter err = spec.commandLine().getErr();
        OptionalDouble share = strength == null ? OptionalDouble.empty() : OptionalDouble.of(strength);
        ImageRequest wanted =
                edit.map(one -> request.withSource(one.source(share))).orElse(request);
        GeneratedImage drawn;
        try (ProgressBar bar = new ProgressBar(err, ProgressBar.isStderrTerminal(), label)) {
            drawn = pipeline.generate(wanted, bar, new CancelToken());
        }
        GeneratedImage finished = edit.isPresent() ? edit.get().finish(drawn) : drawn;
        ImageFile.write(
                file,
                ImageCodec.encode(
                        finished,
                        ImageFile.format(file),
                        ImageCodec.DEFAULT_QUALITY,
                        noMetadata ? "" : Infotext.of(finished, pipeline.model())));
        tell(finished.warnings());
        err.println(ImageSummary.of(finished));
        spec.commandLine().getOut().println(file);
    }

    private ParameterException wrong(String format, Object... args) {
        return new ParameterException(spec.commandLine(), String.format(Locale.ROOT, format, args));
    }
}
