package dev.mobilediffusion.server.install;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.bundle.ModelBundle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

final class ModelInstallerTest extends InstallerFixture {

    @Test
    void installsAFolderAndWritesDownItsHashes() throws IOException {
        AtomicLong last = new AtomicLong();

        String name = installer().add(TINY.toString(), Optional.empty(), (file, done, total) -> {
            last.set(done);
            assertThat(done <= total, is(true));
        });

        assertThat(name, is("tiny-sd"));
        ModelBundle bundle = ModelBundle.open(library.model(name));
        bundle.verify();
        assertThat(bundle.manifest().orElseThrow().files().size(), is(fileCount()));
        assertThat(last.get(), is(bytes(TINY)));
        assertThat(leftovers(), is(empty()));
    }

    @Test
    void leavesOtherProgramsWeightsBehind() throws IOException {
        Path source = copy("with-torch");
        Files.writeString(source.resolve("unet/diffusion_pytorch_model.safetensors"), "gigabytes");
        Files.writeString(source.resolve("unet/diffusion_pytorch_model.fp16.bin"), "gigabytes");
        Files.writeString(source.resolve("unet/weights.bin"), "a network's");
        Files.writeString(source.resolve("README.md"), "text");

        installer().add(source.toString(), Optional.empty(), QUIET);

        Path unet = library.model("with-torch").resolve("unet");
        assertThat(Files.exists(unet.resolve("diffusion_pytorch_model.safetensors")), is(false));
        assertThat(Files.exists(unet.resolve("diffusion_pytorch_model.fp16.bin")), is(false));
        assertThat(Files.exists(unet.resolve("weights.bin")), is(true));
        assertThat(Files.exists(unet.resolveSibling("README.md")), is(false));
    }

    @Test
    void installsAZipWithAFolderInIt() throws IOException {
        Path zip = zip("bundle.zip", "anything/", TINY);

        String name = installer().add(zip.toString(), Optional.of("mine"), QUIET);

        assertThat(name, is("mine"));
        assertThat(library.names(), is(List.of("mine")));
    }

    @Test
    void refusesAZipWhoseNamesPointOutside() throws IOException {
        Path zip = folder.resolve("evil.zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            put(out, "model_index.json", "{}".getBytes(StandardCharsets.UTF_8));
            put(out, "unet/../../../evil", "evil".getBytes(StandardCharsets.UTF_8));
        }

        assertThat(refusal(zip.toString()), containsString("'unet/../../../evil' points outside of the model"));
        assertThat(leftovers(), is(empty()));
        assertThat(Files.exists(folder.resolve("evil")), is(false));
    }

    @Test
    void refusesABomb() throws IOException {
        Path zip = folder.resolve("bomb.zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            put(out, "model_index.json", "{}".getBytes(StandardCharsets.UTF_8));
            put(out, "unet/model.onnx", new byte[40 << 20]);
        }

        assertThat(
                refusal(zip.toString()),
                allOf(containsString("swells to more than 16 MB"), containsString("unet/model.onnx")));
        assertThat(leftovers(), is(empty()));
    }

    @Test
    void refusesAFileThatIsNoZip() throws IOException {
        Path file = Files.writeString(folder.resolve("model.zip"), "not a zip");

        assertThat(refusal(file.toString()), containsString("is damaged or no zip"));
    }

    @Test
    void refusesAModelThatCannotRunAndLeavesNothing() throws IOException {
        Path source = copy("broken");
        Path network = source.resolve("unet/model.onnx");
        byte[] bytes = Files.readAllBytes(network);
        Files.write(network, java.util.Arrays.copyOf(bytes, bytes.length / 2));

        assertThat(refusal(source.toString()), containsString("unet/model.onnx is truncated"));
        assertThat(library.names(), is(empty()));
        assertThat(leftovers(), is(empty()));
    }

    @Test
    void refusesWeightsThatAreMissingOrLieOutside() throws IOException {
        Path source = copy("external");
        Path network = source.resolve("unet/model.onnx");
        byte[] whole = Files.readAllBytes(network);
        externalWeight(network, whole, "weights.data");
        assertThat(refusal(source.toString()), containsString("unet/weights.data, which is missing"));

        externalWeight(network, whole, "../../outside.data");
        Files.write(folder.resolve("outside.data"), new byte[1 << 20]);
        assertThat(refusal(source.toString()), containsString("'../../outside.data', which is outside of the model"));

        externalWeight(network, whole, "/etc/passwd");
        assertThat(refusal(source.toString()), containsString("which is outside of the model"));

        externalWeight(network, whole, "weights.data");
        Files.write(source.resolve("unet/weights.data"), new byte[3]);
        assertThat(refusal(source.toString()), containsString("unet/weights.data has 3 bytes"));
        assertThat(leftovers(), is(empty()));
    }

    @Test
    void opensAModelBeforeItAcceptsIt() throws IOException {
        Path source = copy("odd");
        Files.copy(
                source.resolve("vae_decoder/model.onnx"),
                source.resolve("unet/model.onnx"),
                StandardCopyOption.REPLACE_EXISTING);

        assertThat(refusal(source.toString()), containsString("cannot be used"));
        assertThat(library.names(), is(empty()));
        assertThat(leftovers(), is(empty()));
    }

    @Test
    void whatABrokenOffDownloadLeftCanBeRemoved() throws IOException {
        try (FakeHub hub = new FakeHub(TINY.toRealPath())) {
            hub.breakAfter((int) (Files.size(TINY.resolve("unet/model.onnx")) / 5));
            assertThrows(InstallException.class, () -> installer(hub).add(FakeHub.ID, Optional.empty(), QUIET));
            assertThat(leftovers(), is(List.of(".adding-tiny")));

            installer().remove("tiny");

            assertThat(leftovers(), is(empty()));
        }
    }

    @Test
    void refusesASourceThatIsNoPath() {
        assertThat(refusal("a\0b"), containsString("is no path"));
    }

    /** Appends a weight of 8 bytes whose data lie in another file; a later graph field of protobuf adds to an earlier one. */
    private static void externalWeight(Path network, byte[] model, String location) throws IOException {
        byte[] tensor = message(
                field(1, 2),
                field(2, 1),
                text(8, "extra"),
                field(14, 1),
                bytes(13, message(text(1, "location"), text(2, location))),
                bytes(13, message(text(1, "length"), text(2, "8"))));
        Files.write(network, message(model, bytes(7, bytes(5, tensor))));
    }

    private static byte[] field(int number, int value) {
        return new byte[] {(byte) (number << 3), (byte) value};
    }

    private static byte[] text(int number, String value) {
        return bytes(number, value.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void refusesANameThatIsTaken() {
        installer().add(TINY.toString(), Optional.empty(), QUIET);

        assertThat(refusal(TINY.toString()), containsString("there is a model 'tiny-sd' already"));
    }

    @Test
    void refusesANameThatIsAPath() {
        InstallException refusal = assertThrows(
                InstallException.class, () -> installer().add(TINY.toString(), Optional.of("../up"), QUIET));

        assertThat(refusal.getMessage(), containsString("got '../up'"));
    }

    @Test
    void saysWhatASourceMayBe() {
        assertThat(refusal("no such thing"), containsString("'no such thing' is no folder and no zip"));
    }

    @Test
    void removesAModel() {
        installer().add(TINY.toString(), Optional.empty(), QUIET);

        installer().remove("tiny-sd");

        assertThat(library.names(), is(empty()));
        assertThat(leftovers(), is(empty()));
        InstallException refusal =
                assertThrows(InstallException.class, () -> installer().remove("tiny-sd"));
        assertThat(refusal.getMessage(), containsString("there is no model 'tiny-sd'"));
    }

    private Path zip(String name, String prefix, Path source) throws IOException {
        Path zip = folder.resolve(name);
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip));
                Stream<Path> files = Files.walk(source)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                put(out, prefix + source.relativize(file), Files.readAllBytes(file));
            }
        }
        return zip;
    }

    private static void put(ZipOutputStream out, String name, byte[] bytes) throws IOException {
        out.putNextEntry(new ZipEntry(name));
        out.write(bytes);
        out.closeEntry();
    }
}
