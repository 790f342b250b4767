package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.image.ResizeMode;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** A picture whose lines are followed, on the command line. */
final class ControlOptions {

    @Option(
            names = "--control",
            paramLabel = "FILE",
            description = "A picture whose lines are followed, by a control network of the model.")
    private Path file;

    @Option(
            names = "--control-scale",
            paramLabel = "X",
            converter = OptionValues.ControlScale.class,
            description = "How strongly, 0 to 2. Default: 1.")
    private Double scale;

    @Option(
            names = "--control-name",
            paramLabel = "NAME",
            description = "Which of the model's control networks. Default: its only one.")
    private String name;

    @Option(
            names = "--control-preprocessor",
            paramLabel = "NAME",
            description = "What makes a control image of it: none, edges or invert (dark lines on paper). Default: what"
                    + " the control network was trained on.")
    private String preprocessor;

    /** The file; null where none is named. */
    Path file(CommandLine command) {
        if (file == null && (scale != null || name != null || preprocessor != null)) {
            String lonely =
                    scale != null ? "--control-scale" : name != null ? "--control-name" : "--control-preprocessor";
            throw new ParameterException(command, lonely + " wants a picture: name it by --control");
        }
        if (preprocessor != null && Preprocessor.spelt(preprocessor).isEmpty()) {
            throw new ParameterException(
                    command,
                    "--control-preprocessor must be one of %s, got %s"
                            .formatted(String.join(", ", Preprocessor.spellings()), preprocessor));
        }
        return file;
    }

    /** @param lines what {@link #file} holds */
    ImageRequest applied(ImageRequest request, Optional<ImageFileReader.Read> lines, ModelInfo model) {
        return lines.map(read -> request.withControl(new ControlImage(
                        ResizeMode.CROP_AND_RESIZE.fit(read.image(), model.width(), model.height()),
                        scale == null ? ControlImage.DEFAULT_SCALE : scale,
                        Optional.ofNullable(name),
                        Optional.ofNullable(preprocessor).flatMap(Preprocessor::spelt))))
                .orElse(request);
    }
}
