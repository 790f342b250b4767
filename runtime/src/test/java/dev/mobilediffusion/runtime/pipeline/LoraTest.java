package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.Lora;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images with LoRAs against those that diffusers, peft and PyTorch draw; {@code goldens/lora.py} made both. */
final class LoraTest {

    private static final double SAME_IMAGE_DECIBELS = 40;
    private static final double ANOTHER_IMAGE_DECIBELS = 30;

    @TempDir
    private Path models;

    private Path bundle;

    @BeforeEach
    void install() throws IOException {
        bundle = models.resolve("tiny-lora");
        copy(TinyBundle.resource("goldens/lora/tiny-lora"), bundle);
        Files.createDirectory(models.resolve("loras"));
        for (String name : List.of("kohya", "peft")) {
            String file = name + ".safetensors";
            Files.copy(TinyBundle.resource("goldens/lora/" + file), models.resolve("loras/" + file));
        }
    }

    @Test
    void imagesAreThoseOfTheReference() throws IOException {
        JsonNode cases = new ObjectMapper()
                .readTree(TinyBundle.resource("goldens/lora/cases.json").toFile());
        byte[] none = golden("none");
        try (TextToImage model = TextToImagePipeline.load(bundle, RuntimeOptions.defaults())) {
            assertThat(decibels(draw(model, List.of()), none), is(greaterThanOrEqualTo(SAME_IMAGE_DECIBELS)));
            for (JsonNode each : cases) {
                List<Lora> loras = new ArrayList<>();
                each.get("loras")
                        .properties()
                        .forEach(lora -> loras.add(
                                new Lora(lora.getKey(), lora.getValue().asDouble())));
                byte[] drawn = draw(model, loras);

                String name = each.get("name").asText();
                assertThat(name, decibels(drawn, golden(name)), is(greaterThanOrEqualTo(SAME_IMAGE_DECIBELS)));
                assertThat(name, decibels(drawn, none), is(lessThan(ANOTHER_IMAGE_DECIBELS)));
            }
            assertThat(decibels(draw(model, List.of()), none), is(greaterThanOrEqualTo(SAME_IMAGE_DECIBELS)));
        }
    }

    @Test
    void copiesAreGoneWhenTheModelIsClosed() throws IOException {
        long before = copies();
        try (TextToImage model = TextToImagePipeline.load(bundle, RuntimeOptions.defaults())) {
            draw(model, List.of(new Lora("kohya", 1)));
            draw(model, List.of(new Lora("peft", 1)));
        }
        assertThat(copies(), is(before));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tensor.of.no.kind|F32|4|the tensor tensor.of.no.kind",
                "unet.mid_block.attentions.9.proj_in.lora_A.weight|F32|4|lacks one of the two matrices",
                "lora_te2_x.lora_down.weight|F32|4|none of a LoRA for Stable Diffusion 1 or 2",
                "unet.x.lora_A.weight|I8|1|has unet.x.lora_A.weight in I8",
                "unet.x.lora_A.weight|F32|400|damaged or cut off",
            })
    void aFileThatIsNoLoraIsRefused(String tensor, String type, int bytes, String sentence) throws IOException {
        write(
                "odd",
                "{\"%s\":{\"dtype\":\"%s\",\"shape\":[1,1],\"data_offsets\":[0,%d]}}".formatted(tensor, type, bytes));

        assertThat(refusal("odd"), allOf(containsString("odd"), containsString(sentence)));
    }

    @Test
    void oneForAnotherModelNamesTheFirstLayerThatDoesNotFit() throws IOException {
        write("other", pair("unet.down_blocks.7.proj_in"));
        assertThat(refusal("other"), containsString("has no layer down_blocks_7_proj_in"));

        write("wide", pair("unet.conv_in"));
        assertThat(refusal("wide"), containsString("its layer conv_in has 1 x 1 weights, the model's 8 x 36"));
    }

    @Test
    void whatIsMissingOrNoFileOfTheKindIsRefused() throws IOException {
        assertThat(refusal("missing"), containsString("there is no missing in"));
        assertThat(refusal("../tiny-lora/x"), containsString("there is no ../tiny-lora/x in"));
        Files.writeString(models.resolve("loras/text.safetensors"), "hello, this is no LoRA at all");
        assertThat(refusal("text"), containsString("no safetensors file"));
    }

    @Test
    void aModelWhoseLayersHaveOtherNamesTakesNone() throws IOException {
        Path nameless = models.resolve("tiny-sd");
        copy(TinyBundle.resource("bundles/tiny-sd"), nameless);
        try (TextToImage model = TextToImagePipeline.load(nameless, RuntimeOptions.defaults())) {
            InferenceException refusal =
                    assertThrows(InferenceException.class, () -> draw(model, List.of(new Lora("peft", 1))));
            assertThat(refusal.getMessage(), containsString("the LoRA peft is not for tiny-sd, which has no layer"));
        }
    }

    private String refusal(String name) {
        try (TextToImage model = TextToImagePipeline.load(bundle, RuntimeOptions.defaults())) {
            InferenceException refusal =
                    assertThrows(InferenceException.class, () -> draw(model, List.of(new Lora(name, 1))));
            assertThat(refusal.code(), is(InferenceException.Code.INVALID_REQUEST));
            return refusal.getMessage();
        }
    }

    private static String pair(String layer) {
        return "{\"%s.lora_A.weight\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]},\"%s.lora_B.weight\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]}}"
                .formatted(layer, layer);
    }

    private void write(String name, String header) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + text.length + 4).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(text.length).put(text).putFloat(1);
        Files.write(models.resolve("loras/" + name + ".safetensors"), file.array());
    }

    private static byte[] draw(TextToImage model, List<Lora> loras) {
        ImageRequest request = ImageRequest.of("a red house by the sea at sunset", 21)
                .withSteps(5)
                .withGuidanceScale(5)
                .withLoras(loras);
        return model.generate(request, ProgressListener.NONE, new CancelToken()).rgb();
    }

    private static byte[] golden(String name) throws IOException {
        return ImageFileReader.read(Files.readAllBytes(TinyBundle.resource("goldens/lora/" + name + ".png")), "image")
                .image()
                .rgb();
    }

    private static long copies() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName().toString().startsWith("mobilediffusion-lora-"))
                    .count();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }

    private static double decibels(byte[] one, byte[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            double difference = (one[i] & 0xff) - (other[i] & 0xff);
            sum += difference * difference;
        }
        return 10 * Math.log10(255.0 * 255 * one.length / Math.max(sum, 1e-9));
    }
}
