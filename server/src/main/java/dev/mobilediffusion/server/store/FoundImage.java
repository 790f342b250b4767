package dev.mobilediffusion.server.store;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.Sha256;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.JobImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.stream.ImageInputStream;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * An image's file that the store has no row for, and what the file itself tells: its size, and for a PNG the infotext
 * with the prompt and the settings. What it does not tell is 0 or empty.
 *
 * @param file where it lies
 * @param index place in the job
 * @param format by the file's name
 * @param width in pixels
 * @param height in pixels
 * @param infotext as A1111 spells it
 */
record FoundImage(Path file, int index, ImageFormat format, int width, int height, String infotext) {

    private static final Pattern NAME = Pattern.compile("(\\d)\\.(png|jpeg|webp)");
    private static final String LOST = "(the prompt was lost)";
    private static final String WARNING =
            "the store was damaged; what is known of this picture was read from its file alone";
    private static final String PNG_TREE = "javax_imageio_png_1.0";

    /** Empty when {@code file} is no image of a job. */
    static Optional<FoundImage> of(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (!name.matches() || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        int index = Integer.parseInt(name.group(1));
        ImageFormat format = ImageFormat.valueOf(name.group(2).toUpperCase(java.util.Locale.ROOT));
        try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
            var readers = ImageIO.getImageReadersByFormatName(format.label());
            if (!readers.hasNext()) {
                return Optional.of(new FoundImage(file, index, format, 0, 0, ""));
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(in);
                return Optional.of(
                        new FoundImage(file, index, format, reader.getWidth(0), reader.getHeight(0), infotext(reader)));
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException notOne) {
            // ImageIO answers damaged files with exceptions of many kinds
            return Optional.empty();
        }
    }

    /** The request that drew it, with as much as the file tells. */
    ImageRequest request() {
        int settings = infotext.lastIndexOf("\nSteps: ");
        String text = settings < 0 ? "" : infotext.substring(0, settings);
        int negative = text.indexOf("\nNegative prompt: ");
        String prompt = negative < 0 ? text : text.substring(0, negative);
        try {
            return new ImageRequest(
                    prompt.isBlank() ? LOST : prompt,
                    negative < 0 ? "" : text.substring(negative + "\nNegative prompt: ".length()),
                    Long.parseLong(setting("Seed", "\\d{1,19}").orElse("0")),
                    setting("Steps", "\\d{1,3}")
                            .map(Integer::parseInt)
                            .map(OptionalInt::of)
                            .orElse(OptionalInt.empty()),
                    setting("CFG scale", "[\\d.]{1,9}")
                            .map(Double::parseDouble)
                            .map(OptionalDouble::of)
                            .orElse(OptionalDouble.empty()));
        } catch (RuntimeException outOfRange) {
            return ImageRequest.of(LOST, 0);
        }
    }

    /** The name of the model that drew it. */
    String model() {
        return setting("Model", "[^,\"]+").orElse("unknown");
    }

    /** As the store keeps it. */
    JobImage image() throws IOException {
        ImageRequest request = request();
        return new JobImage(
                index,
                request.seed(),
                width,
                height,
                request.steps().orElse(0),
                request.guidanceScale().orElse(0),
                format,
                Sha256.of(file),
                StageTimings.NONE,
                List.of(WARNING),
                ImageContent.of(new byte[0]));
    }

    private Optional<String> setting(String name, String value) {
        Matcher found = Pattern.compile("(?:^|[\\n,] ?)" + name + ": (" + value + ")(?:,|$)")
                .matcher(infotext);
        String last = null;
        while (found.find()) {
            last = found.group(1); // a prompt that says "Seed: 1" comes before the settings
        }
        return Optional.ofNullable(last);
    }

    private static String infotext(ImageReader reader) throws IOException {
        IIOMetadata metadata = reader.getImageMetadata(0);
        if (metadata == null || !PNG_TREE.equals(metadata.getNativeMetadataFormatName())) {
            return "";
        }
        Node tree = metadata.getAsTree(PNG_TREE);
        for (String kind : List.of("iTXtEntry", "tEXtEntry")) {
            NodeList entries = ((Element) tree).getElementsByTagName(kind);
            for (int i = 0; i < entries.getLength(); i++) {
                Element entry = (Element) entries.item(i);
                if ("parameters".equals(entry.getAttribute("keyword"))) {
                    return entry.getAttribute(kind.equals("iTXtEntry") ? "text" : "value");
                }
            }
        }
        return "";
    }
}
