package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.wire.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the settings of an image from text as A1111's {@code parse_generation_parameters} does. */
final class InfotextReader {

    private static final String NEGATIVE = "Negative prompt:";
    private static final Pattern SETTING =
            Pattern.compile("\\s*(\\w[\\w /-]{1,60}):\\s*(\"(?:\\\\.|[^\\\\\"])+\"|[^,]*)(?:,|$)");
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})x(\\d{1,9})");

    /** A last line with fewer is one of the prompt that has a colon in it. */
    private static final int LEAST_SETTINGS = 3;

    private InfotextReader() {}

    /** Prompts and settings by A1111's names; no settings where the text has none. */
    static ObjectNode read(String infotext) {
        List<String> lines = new ArrayList<>(Arrays.asList(infotext.strip().split("\n", -1)));
        String last = lines.removeLast();
        if (SETTING.matcher(last).results().count() < LEAST_SETTINGS) {
            lines.add(last);
            last = "";
        }
        List<String> prompt = new ArrayList<>();
        List<String> negative = new ArrayList<>();
        List<String> current = prompt;
        for (String line : lines) {
            String text = line.strip();
            if (text.startsWith(NEGATIVE)) {
                current = negative;
                text = text.substring(NEGATIVE.length()).strip();
            }
            current.add(text);
        }
        ObjectNode node = Json.object();
        node.put("Prompt", String.join("\n", prompt));
        node.put("Negative prompt", String.join("\n", negative));
        Matcher setting = SETTING.matcher(last);
        while (setting.find()) {
            put(node, setting.group(1), unquoted(setting.group(2)));
        }
        return node;
    }

    private static void put(ObjectNode node, String name, String value) {
        Matcher size = SIZE.matcher(value);
        if (size.matches()) {
            node.put(name + "-1", size.group(1));
            node.put(name + "-2", size.group(2));
        }
        node.put(name, value);
    }

    private static String unquoted(String value) {
        boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1).replaceAll("\\\\(.)", "$1") : value;
    }
}
