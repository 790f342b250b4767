package dev.mobilediffusion.server.store;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.emptyArray;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.job.ImageContent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImageSpoolTest {

    private static final int MEBIBYTE = 1 << 20;

    @TempDir
    private Path folder;

    private ImageSpool spool;

    @BeforeEach
    void open() {
        spool = new ImageSpool(folder);
    }

    @Test
    void imageIsReadAsOftenAsWantedUntilItIsReleased() throws IOException {
        for (byte[] bytes : List.of(noise(1, 10_000), noise(2, 3 * MEBIBYTE))) {
            ImageContent kept = spool.keep(bytes);

            assertThat(kept.size(), is((long) bytes.length));
            assertThat(kept.read(), is(bytes));
            try (InputStream first = kept.open();
                    InputStream second = kept.open()) {
                assertThat(first.readNBytes(5000).length, is(5000));
                assertThat("each reads from the first byte", second.readAllBytes(), is(bytes));
            }
            kept.release();
            assertThat(
                    assertThrows(ApiException.class, kept::read).getMessage(),
                    containsString("handed over to the client"));
            kept.release();
        }
        assertThat(spool.bytesInMemory(), is(0L));
    }

    @Test
    void largeImageIsNotHeldInMemoryNorLeftInTheFolder() {
        ImageContent kept = spool.keep(noise(3, 3 * MEBIBYTE));

        assertThat(spool.bytesInMemory(), is(0L));
        assertThat(
                "its file has no name, so a kill leaves nothing",
                folder.toFile().list(),
                is(emptyArray()));
        kept.release();
    }

    @Test
    void smallImagesFillOnlySoMuchMemory() {
        List<ImageContent> kept = new ArrayList<>();
        for (int image = 0; image < 40; image++) {
            kept.add(spool.keep(noise(image, MEBIBYTE)));
        }

        assertThat(spool.bytesInMemory(), is(8L * MEBIBYTE));
        for (int image = 0; image < kept.size(); image++) {
            assertThat(kept.get(image).read(), is(noise(image, MEBIBYTE)));
        }
        kept.forEach(ImageContent::release);
        assertThat("what was released is free for others", spool.bytesInMemory(), is(0L));
        spool.keep(noise(50, MEBIBYTE));
        assertThat(spool.bytesInMemory(), is((long) MEBIBYTE));
    }

    @Test
    void manyAtOnceLeaveTheCountRight() throws InterruptedException {
        List<Thread> clients = new ArrayList<>();
        for (int client = 0; client < 8; client++) {
            clients.add(Thread.ofVirtual().start(() -> {
                for (int image = 0; image < 50; image++) {
                    spool.keep(new byte[MEBIBYTE]).release();
                }
            }));
        }
        for (Thread client : clients) {
            client.join();
        }

        assertThat(spool.bytesInMemory(), is(0L));
    }

    @Test
    void imageIsKeptInMemoryWhereTheFolderCannotTakeIt() {
        ImageSpool nowhere = new ImageSpool(folder.resolve("missing"));
        byte[] large = noise(4, 2 * MEBIBYTE);

        assertThat(nowhere.keep(large).read(), is(large));
    }

    private static byte[] noise(int seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
