package dev.mobilediffusion.runtime.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our ids against those of transformers' CLIPTokenizer ({@code models/forge/goldens/tokenizer.py}). */
final class TokenizerParityTest {

    private static final JsonNode GOLDENS = TinyBundle.json(TinyBundle.resource("goldens/tokenizer.json"));

    @Test
    void givesTheIdsOfTransformersWithClipsVocabulary(@TempDir Path folder) throws Exception {
        assertThat(GOLDENS.at("/clip/sha256").size(), greaterThanOrEqualTo(100));
        assertSameIds(clipTokenizer(folder), GOLDENS.path("clip"));
    }

    @Test
    void givesTheIdsOfTransformersWithASmallVocabulary() throws Exception {
        assertSameIds(tokenizer(TinyBundle.folder(TinyBundle.FLOW)), GOLDENS.path(TinyBundle.FLOW));
    }

    @Test
    void givesTheIdsOfTransformersWhenThePaddingIsAnExclamationMark() throws Exception {
        assertSameIds(
                tokenizer(TinyBundle.folder(TinyBundle.STABLE_DIFFUSION)), GOLDENS.path(TinyBundle.STABLE_DIFFUSION));
    }

    private static void assertSameIds(ClipTokenizer tokenizer, JsonNode golden) throws NoSuchAlgorithmException {
        FuzzedStrings strings =
                new FuzzedStrings(golden.path("seed").longValue(), GOLDENS.path("pieces"), GOLDENS.path("ranges"));
        int block = golden.path("block").intValue();
        int shown = 0;
        List<Integer> differing = new ArrayList<>();
        for (int index = 0; index < golden.path("sha256").size(); index++) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (int i = 0; i < block; i++) {
                String text = strings.next();
                String ids = Arrays.stream(tokenizer.encode(text).ids())
                        .mapToObj(String::valueOf)
                        .collect(Collectors.joining(" "));
                if (shown < golden.path("shown").size()) {
                    JsonNode example = golden.path("shown").path(shown++);
                    assertThat(text, is(example.path("text").textValue()));
                    assertThat(text, ids, is(example.path("ids").textValue()));
                }
                digest.update((ids + "\n").getBytes(StandardCharsets.UTF_8));
            }
            String hash = HexFormat.of().formatHex(digest.digest());
            if (!hash.equals(golden.path("sha256").path(index).textValue())) {
                differing.add(index);
            }
        }
        assertThat("blocks of strings whose ids differ", differing, is(empty()));
    }

    private static ClipTokenizer tokenizer(Path bundle) {
        return new ClipTokenizer(ModelBundle.open(bundle).tokenizer());
    }

    /** CLIP's tokenizer, its vocabulary built from its merges as its original code does. */
    private static ClipTokenizer clipTokenizer(Path folder) throws IOException {
        Path bundle = TinyBundle.copy(TinyBundle.FLOW, folder);
        Files.delete(bundle.resolve("bundle.json"));
        String merges;
        try (GZIPInputStream packed =
                new GZIPInputStream(Files.newInputStream(TinyBundle.resource("goldens/clip_merges.txt.gz")))) {
            merges = new String(packed.readAllBytes(), StandardCharsets.UTF_8);
        }
        List<String> tokens = new ArrayList<>();
        visibleThenHidden().forEach(code -> tokens.add(Character.toString(code)));
        List.copyOf(tokens).forEach(symbol -> tokens.add(symbol + "</w>"));
        merges.lines().forEach(merge -> tokens.add(merge.replace(" ", "")));
        tokens.addAll(List.of("<|startoftext|>", "<|endoftext|>"));
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        tokens.forEach(token -> vocabulary.put(token, vocabulary.size()));
        new ObjectMapper().writeValue(bundle.resolve("tokenizer/vocab.json").toFile(), vocabulary);
        Files.writeString(bundle.resolve("tokenizer/merges.txt"), "#version: 0.2\n" + merges + "\n");
        TinyBundle.change(bundle.resolve("tokenizer/tokenizer_config.json"), "{'model_max_length': 77}");
        return tokenizer(bundle);
    }

    /** The 256 characters that stand for bytes, in the vocabulary's order. */
    private static IntStream visibleThenHidden() {
        IntStream visible = IntStream.rangeClosed(0, 255)
                .filter(code -> (code >= '!' && code <= '~') || (code >= 0xA1 && code != 0xAD));
        return IntStream.concat(visible, IntStream.range(256, 256 + 68));
    }
}
