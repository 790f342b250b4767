package dev.mobilediffusion.server.a1111;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;

import dev.mobilediffusion.server.TestServer;
import io.restassured.response.ValidatableResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code /sdapi/v1/png-info}: settings of our own files and of other programs', as A1111 reads them. */
final class PngInfoTest {

    private static final String SETTINGS =
            "Steps: 4, Sampler: Euler, CFG scale: 3, Seed: 7, Size: 512x768, Model: \"a, b\"";
    private static final String TWO_LINES = "a cat,\nby the sea\nNegative prompt: snow,\nrain\n" + SETTINGS;

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    @ParameterizedTest
    @ValueSource(strings = {"tEXt", "zTXt", "iTXt", "iTXt packed"})
    void everyKindOfTextChunkIsReadWithAllLinesOfThePrompts(String kind) {
        read(png(kind, TWO_LINES))
                .body("info", is(TWO_LINES))
                .body("items.parameters", is(TWO_LINES))
                .body("parameters.Prompt", is("a cat,\nby the sea"))
                .body("parameters.'Negative prompt'", is("snow,\nrain"))
                .body("parameters.Seed", is("7"))
                .body("parameters.Size-1", is("512"))
                .body("parameters.Size-2", is("768"))
                .body("parameters.Model", is("a, b"));
    }

    @Test
    void aTextWithoutSettingsIsAllPrompt() {
        read(png("tEXt", "a cat\nwith a note: none"))
                .body("parameters.Prompt", is("a cat\nwith a note: none"))
                .body("parameters.Steps", nullValue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a cat\n\n" + SETTINGS, "a cat\n" + SETTINGS + "\n", "a cat\r\n" + SETTINGS + "\n\n"})
    void lineBreaksAtAnEndLoseNoSettings(String infotext) {
        read(png("tEXt", infotext))
                .body("parameters.Steps", is("4"))
                .body("parameters.Prompt", containsString("a cat"));
    }

    @Test
    void ourOwnJpegAndWebpAreRead() {
        byte[] jpeg = Base64.getDecoder()
                .decode(given().contentType("application/json")
                        .body(Map.of(
                                "prompt", "a house ✿", "seed", 7, "override_settings", Map.of("samples_format", "jpg")))
                        .post(server.url() + "/sdapi/v1/txt2img")
                        .<String>path("images[0]"));

        read(jpeg).body("parameters.Prompt", is("a house ✿")).body("parameters.Seed", is("7"));
        read(webp(exifOf(jpeg))).body("parameters.Prompt", is("a house ✿"));
    }

    @Test
    void aCommentInTheOtherByteOrderIsReadToo() {
        byte[] text = ("a cat\n" + SETTINGS).getBytes(StandardCharsets.UTF_16LE);
        ByteBuffer exif = ByteBuffer.allocate(52 + text.length).order(ByteOrder.LITTLE_ENDIAN);
        exif.put("II*\0".getBytes(StandardCharsets.US_ASCII)).putInt(8);
        exif.putShort((short) 1)
                .putShort((short) 0x8769)
                .putShort((short) 4)
                .putInt(1)
                .putInt(26)
                .putInt(0);
        exif.putShort((short) 1)
                .putShort((short) 0x9286)
                .putShort((short) 7)
                .putInt(8 + text.length)
                .putInt(44)
                .putInt(0);
        exif.put("UNICODE\0".getBytes(StandardCharsets.US_ASCII)).put(text);

        read(webp(exif.array())).body("parameters.Seed", is("7"));
    }

    @Test
    void damagedFilesAreTheClientsError() {
        byte[] png = png("zTXt", TWO_LINES);
        for (byte[] file : new byte[][] {{}, {1, 2, 3}, {(byte) 0xff, (byte) 0xd8, (byte) 0xff, (byte) 0xe1, 127, 0}}) {
            post(file).statusCode(422).body("detail[0].msg", containsString("image"));
        }
        read(webp(new byte[] {'I', 'I'})).body("info", is(""));
        post(Arrays.copyOf(png, png.length - 20)).statusCode(422);
        read(png("zTXt bomb", "a".repeat(3 << 20))).body("info", is(""));
    }

    private static ValidatableResponse read(byte[] file) {
        return post(file).statusCode(200);
    }

    private static ValidatableResponse post(byte[] file) {
        return given().contentType("application/json")
                .body(Map.of("image", Base64.getEncoder().encodeToString(file)))
                .post(server.url() + "/sdapi/v1/png-info")
                .then();
    }

    private static byte[] png(String kind, String text) {
        byte[] plain = text.getBytes(kind.startsWith("iTXt") ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
        byte[] data =
                switch (kind) {
                    case "tEXt" -> joined("parameters\0", plain);
                    case "iTXt" -> joined("parameters\0\0\0\0\0", plain);
                    case "iTXt packed" -> joined("parameters\0\1\0en\0\0", packed(plain));
                    default -> joined("parameters\0\0", packed(plain));
                };
        return ByteBuffer.allocate(8 + 12 + data.length)
                .putLong(0x89504e470d0a1a0aL)
                .putInt(data.length)
                .put(kind.substring(0, 4).getBytes(StandardCharsets.US_ASCII))
                .put(data)
                .putInt(0)
                .array();
    }

    private static byte[] webp(byte[] exif) {
        return ByteBuffer.allocate(20 + exif.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII))
                .putInt(12 + exif.length)
                .put("WEBPEXIF".getBytes(StandardCharsets.US_ASCII))
                .putInt(exif.length)
                .put(exif)
                .array();
    }

    private static byte[] exifOf(byte[] jpeg) {
        String text = new String(jpeg, StandardCharsets.ISO_8859_1);
        int start = text.indexOf("Exif\0\0");
        int length = Short.toUnsignedInt(ByteBuffer.wrap(jpeg).getShort(start - 2)) - 2;
        return text.substring(start + 6, start + length).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] joined(String head, byte[] rest) {
        byte[] start = head.getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(start.length + rest.length)
                .put(start)
                .put(rest)
                .array();
    }

    private static byte[] packed(byte[] plain) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(packed)) {
            deflater.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }
}
