package dev.mobilediffusion.checks;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class RoomDrawingTest {

    private static final Map<String, Set<String>> CODE = Map.of(
            "server.api",
            Set.of("server.queue", "server.store"),
            "server.queue",
            Set.of("server.store"),
            "server.store",
            Set.of());

    @Test
    void theArchitecturePageDrawsTheCodeAsItIs() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "architecture.md"));

        assertThat(RoomDrawing.differences(page, PackageUses.uses(Repository.sources())), is(empty()));
    }

    @Test
    void theArchitecturePageNamesFilesThatExist() throws IOException {
        Path docs = Path.of("..", "docs");
        Matcher link = Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(Files.readString(docs.resolve("architecture.md")));
        List<String> broken = link.results()
                .map(found -> found.group(1))
                .filter(target -> Files.notExists(docs.resolve(target)))
                .toList();

        assertThat(broken, is(empty()));
    }

    @Test
    void anArrowThatOthersImplyMayBeLeftOut() {
        assertThat(
                RoomDrawing.differences(drawing("server_api --> server_queue\nserver_queue --> server_store"), CODE),
                is(empty()));
        assertThat(
                RoomDrawing.differences(drawing("server_api --> server_queue & server_store"), CODE),
                contains("the drawing lacks server.queue --> server.store"));
    }

    @Test
    void anArrowThatTheCodeLacksIsRefused() {
        assertThat(
                RoomDrawing.differences(
                        drawing("server_api --> server_queue\nserver_queue --> server_store & server_api"), CODE),
                contains("the drawing has server.queue --> server.api, the code has not"));
    }

    @Test
    void aMissingRoomIsTold() {
        assertThat(
                RoomDrawing.differences(
                        "```mermaid\nserver_store[\"store\"]\n```",
                        Map.of("server.store", Set.of(), "server.new", Set.of())),
                contains("the drawing lacks the room server.new"));
    }

    private static String drawing(String arrows) {
        return "```mermaid\nserver_api[\"api\"]\nserver_queue[\"queue\"]\nserver_store[\"store\"]\n" + arrows + "\n```";
    }
}
