package dev.mobilediffusion.server.install;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.bundle.ModelBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Models from a hub. */
final class HubInstallTest extends InstallerFixture {

    @Test
    void installsFromAHub() throws IOException {
        try (FakeHub hub = new FakeHub(TINY.toRealPath())) {
            String name = installer(hub).add(FakeHub.ID, Optional.empty(), QUIET);

            assertThat(name, is("tiny"));
            ModelBundle.open(library.model("tiny")).verify();
            assertThat(hub.requests(), hasSize(fileCount()));
            assertThat(leftovers(), is(empty()));
        }
    }

    @Test
    void goesOnWhereADownloadBrokeOff() throws IOException {
        try (FakeHub hub = new FakeHub(TINY.toRealPath())) {
            long size = Files.size(TINY.resolve("unet/model.onnx"));
            hub.breakAfter((int) (size / 5));
            InstallException broken =
                    assertThrows(InstallException.class, () -> installer(hub).add(FakeHub.ID, Optional.empty(), QUIET));
            assertThat(broken.getMessage(), containsString("run the same command again to go on"));
            assertThat(library.names(), is(empty()));

            hub.breakAfter(Integer.MAX_VALUE);
            hub.requests().clear();
            installer(hub).add(FakeHub.ID, Optional.empty(), QUIET);

            assertThat(hub.requests(), hasItem(containsString(" bytes=")));
            ModelBundle.open(library.model("tiny")).verify();
            assertThat(leftovers(), is(empty()));
        }
    }

    @Test
    void doesNotTrustAFileWithAnotherHash() throws IOException {
        try (FakeHub hub = new FakeHub(TINY.toRealPath())) {
            hub.alter();

            InstallException refusal =
                    assertThrows(InstallException.class, () -> installer(hub).add(FakeHub.ID, Optional.empty(), QUIET));

            assertThat(refusal.getMessage(), containsString("does not have the hash that the hub lists"));
            assertThat(library.names(), is(empty()));
        }
    }

    @Test
    void tellsWhatTheHubSaid() throws IOException {
        try (FakeHub hub = new FakeHub(TINY.toRealPath())) {
            assertThat(
                    hubRefusal(hub, "someone/else"),
                    containsString("the hub has no list of files of someone/else at main"));
            hub.answer(401);
            assertThat(hubRefusal(hub, FakeHub.ID), containsString("only to those it knows"));
            hub.answer(503);
            assertThat(hubRefusal(hub, FakeHub.ID), containsString("HTTP 503"));
        }
    }

    @Test
    void refusesAModelInAnotherProgramsForm() throws IOException {
        Path source = copy("torch");
        Files.delete(source.resolve("unet/model.onnx"));
        try (FakeHub hub = new FakeHub(source)) {
            assertThat(hubRefusal(hub, FakeHub.ID), containsString("export it to ONNX first"));
            assertThat(hub.requests(), is(empty()));
        }
    }

    private String hubRefusal(FakeHub hub, String id) {
        return assertThrows(InstallException.class, () -> installer(hub).add(id, Optional.empty(), QUIET))
                .getMessage();
    }
}
