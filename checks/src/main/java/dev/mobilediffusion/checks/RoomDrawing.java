package dev.mobilediffusion.checks;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The drawing of the packages in {@code docs/architecture.md}, a Mermaid flowchart: {@code server_queue["queue"]} is a room,
 * {@code server_queue --> server_store} an arrow. An arrow that others imply is left out, so that the drawing can be read.
 */
final class RoomDrawing {

    private static final Pattern BLOCK = Pattern.compile("```mermaid\n(.*?)```", Pattern.DOTALL);
    private static final Pattern ROOM = Pattern.compile("(?m)^\\s*(\\w+)\\[\"");
    private static final Pattern ARROW = Pattern.compile("(\\w+) --> (\\w+(?: & \\w+)*)");

    private RoomDrawing() {}

    /**
     * One sentence per difference between the first drawing of {@code page} and the code; empty when they agree.
     *
     * @param uses package → packages that it uses
     */
    static List<String> differences(String page, Map<String, Set<String>> uses) {
        Matcher block = BLOCK.matcher(page);
        if (!block.find()) {
            return List.of("the page has no drawing");
        }
        Set<String> rooms = new TreeSet<>();
        Matcher room = ROOM.matcher(block.group(1));
        while (room.find()) {
            rooms.add(packageOf(room.group(1)));
        }
        Map<String, Set<String>> drawn = new TreeMap<>();
        Matcher arrow = ARROW.matcher(block.group(1));
        while (arrow.find()) {
            Set<String> targets = drawn.computeIfAbsent(packageOf(arrow.group(1)), name -> new TreeSet<>());
            for (String target : arrow.group(2).split(" & ", -1)) {
                targets.add(packageOf(target));
            }
        }
        return compare(rooms, drawn, uses);
    }

    /** All that {@code from} uses, directly or through others; {@code from} itself where there is a circle. */
    static Set<String> reachable(Map<String, Set<String>> uses, String from) {
        Set<String> found = new TreeSet<>();
        Deque<String> open = new ArrayDeque<>(uses.getOrDefault(from, Set.of()));
        while (!open.isEmpty()) {
            String next = open.removeFirst();
            if (found.add(next)) {
                open.addAll(uses.getOrDefault(next, Set.of()));
            }
        }
        return found;
    }

    private static List<String> compare(
            Set<String> rooms, Map<String, Set<String>> drawn, Map<String, Set<String>> uses) {
        List<String> sentences = new ArrayList<>();
        uses.keySet().stream()
                .filter(name -> !rooms.contains(name))
                .forEach(name -> sentences.add("the drawing lacks the room %s".formatted(name)));
        rooms.stream()
                .filter(name -> !uses.containsKey(name))
                .forEach(name -> sentences.add("the drawing has a room %s, the code has none".formatted(name)));
        drawn.forEach((from, targets) -> targets.stream()
                .filter(to -> !uses.getOrDefault(from, Set.of()).contains(to))
                .forEach(to -> sentences.add("the drawing has %s --> %s, the code has not".formatted(from, to))));
        uses.forEach((from, targets) -> targets.stream()
                .filter(to -> !reachable(drawn, from).contains(to))
                .filter(to -> !to.startsWith("server.grpc.v1"))
                .forEach(to -> sentences.add("the drawing lacks %s --> %s".formatted(from, to))));
        return sentences;
    }

    private static String packageOf(String id) {
        return id.replace('_', '.');
    }
}
