package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.nats.FleetOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The boards of a test and their NATS, which end with it, the last first. */
final class TestBoards implements AfterEachCallback {

    private final Supplier<Path> folder;
    private final List<AutoCloseable> open = new ArrayList<>();
    private int boards;

    /** @param folder that is there when a test begins */
    TestBoards(Supplier<Path> folder) {
        this.folder = folder;
    }

    @Override
    public void afterEach(ExtensionContext test) throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        open.clear();
    }

    /** Has something ended with the boards. */
    <T extends AutoCloseable> T keep(T each) {
        open.add(each);
        return each;
    }

    NatsProcess nats(String... arguments) throws IOException {
        return keep(NatsProcess.start(Files.createTempDirectory(folder.get(), "nats"), arguments));
    }

    /** @param text of its configuration, with %s for a folder of its own */
    NatsProcess configured(String text) throws IOException {
        Path own = Files.createTempDirectory(folder.get(), "nats");
        Path file = own.resolve("nats.conf");
        return keep(NatsProcess.startConfigured(
                port -> Files.writeString(file, "listen: 127.0.0.1:%s%n%s".formatted(port, text.formatted(own))), file));
    }

    /** A board that has joined. */
    TestServer board(String url, FakePipeline pipeline) {
        return board(url, pipeline, Map.of());
    }

    /** A board that has joined, with {@code settings} over those of {@link TestServer#config}. */
    TestServer board(String url, FakePipeline pipeline, Map<String, String> settings) {
        TestServer server = start(options(url), pipeline, settings);
        TestFleet.awaitReady(server.queue());
        return server;
    }

    /** A board that may or may not join. */
    TestServer start(FleetOptions options, FakePipeline pipeline, Map<String, String> settings) {
        ServerConfig config = TestServer.config(folder.get().resolve(options.board()), settings);
        return keep(TestServer.start(config.withFleet(options), pipeline));
    }

    /** Those of the next board. */
    FleetOptions options(String url) {
        return options(url, OptionalInt.empty());
    }

    /** Those of the next board, with copies as its owner wants them. */
    FleetOptions options(String url, OptionalInt replicas) {
        boards++;
        return new FleetOptions(
                List.of(url.split(",", -1)),
                Optional.empty(),
                FleetOptions.Offline.REFUSE,
                "board" + boards,
                Duration.ofSeconds(2),
                Duration.ofDays(1),
                replicas);
    }

    static void awaitObstacle(TestServer server, String part) {
        TestFleet.await(
                part + " was not said",
                () -> server.queue().obstacle().orElse("").contains(part));
    }

    static JobSpec durable(String prompt, long seed) {
        return JobSpec.of("fake", ImageRequest.of(prompt, seed)).withLifetime(Lifetime.DURABLE);
    }

    static void awaitEnd(Job job) throws InterruptedException {
        assertThat("job is " + job.state() + " after 60 s", job.awaitFinished(Duration.ofSeconds(60)), is(true));
    }
}
