package dev.mobilediffusion.server.settings;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.ConfigKeys;
import dev.mobilediffusion.server.ServerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SettingsTest {

    /** Where the default is told in words. */
    private static final Set<String> WORDS = Set.of(
            "none",
            "true with lan",
            "port + 1",
            "the user's data folder",
            "models beside the program",
            "pocket, else the first by name");

    @Test
    void theDocumentsTableIsTheDeclaration() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("..", "docs", "settings.md")).stream()
                .dropWhile(line -> !line.equals("| key | default | bounds | meaning |"))
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .toList();

        assertThat(rows, is(Settings.ALL.stream().map(Setting::row).toList()));
    }

    @Test
    void everyDefaultIsWhatTheServerTakesWithoutIt() {
        ServerConfig defaults = ServerConfig.defaults(Path.of("home"));

        for (Setting setting : Settings.ALL) {
            if (!WORDS.contains(setting.usual())) {
                assertThat(
                        setting.key(),
                        ConfigKeys.apply(defaults, Map.of(setting.key(), setting.usual())),
                        is(defaults));
            }
        }
    }

    @Test
    void aVariableIsTheKeyInCapitals() {
        assertThat(Settings.find("queue-capacity").orElseThrow().variable(), is("MOBILEDIFFUSION_QUEUE_CAPACITY"));
    }
}
