package dev.mobilediffusion.runtime.bundle;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A CLIP tokenizer as its files describe it.
 *
 * @param vocabulary token → id
 * @param merges byte pair merges, most frequent first, each two tokens with a space between
 * @param startToken begins every prompt
 * @param endToken ends every prompt
 * @param padToken fills the rest
 * @param unknownToken stands for what the vocabulary does not hold
 * @param specialTokens texts that are one token wherever they stand, unchanged by lower-casing
 * @param maxLength tokens of a padded prompt, start and end included
 */
public record TokenizerFiles(
        Map<String, Integer> vocabulary,
        List<String> merges,
        String startToken,
        String endToken,
        String padToken,
        String unknownToken,
        Set<String> specialTokens,
        int maxLength) {

    private static final String VOCABULARY = "tokenizer/vocab.json";
    private static final String MERGES = "tokenizer/merges.txt";
    private static final String CONFIG = "tokenizer/tokenizer_config.json";

    /** CLIP's own length, for tokenizers which do not say. */
    private static final int CLIP_LENGTH = 77;

    /** Longest that makes sense; tokenizers without a bound write 10^30. */
    private static final int MAX_LENGTH = 4096;

    public TokenizerFiles {
        vocabulary = Collections.unmodifiableMap(vocabulary);
        merges = List.copyOf(merges);
        specialTokens = Collections.unmodifiableSet(specialTokens);
    }

    static TokenizerFiles read(Path bundle) {
        ConfigFile config = ConfigFile.readIfPresent(bundle, CONFIG);
        ConfigFile map = ConfigFile.readIfPresent(bundle, "tokenizer/special_tokens_map.json");
        Map<String, Integer> vocabulary = readVocabulary(bundle);
        String start = special(config, map, "bos_token", "<|startoftext|>");
        String end = special(config, map, "eos_token", "<|endoftext|>");
        String pad = special(config, map, "pad_token", "<|endoftext|>");
        String unknown = special(config, map, "unk_token", "<|endoftext|>");
        Set<String> specials = new LinkedHashSet<>(List.of(start, end, pad, unknown));
        ConfigFile added = config.section("added_tokens_decoder");
        for (String id : added.keys()) {
            added.section(id).token("content").ifPresent(specials::add);
        }
        for (String token : specials) {
            if (!vocabulary.containsKey(token)) {
                throw ConfigFile.invalid(
                        "%s lacks the special token %s; replace it by the model's own", VOCABULARY, token);
            }
        }
        return new TokenizerFiles(
                vocabulary, readMerges(bundle, vocabulary), start, end, pad, unknown, specials, maxLength(config));
    }

    private static String special(ConfigFile config, ConfigFile map, String key, String absent) {
        return config.token(key).or(() -> map.token(key)).orElse(absent);
    }

    private static int maxLength(ConfigFile config) {
        double length = config.limit("model_max_length", CLIP_LENGTH);
        if (length > MAX_LENGTH) {
            return CLIP_LENGTH;
        }
        if (length < 3) {
            throw ConfigFile.invalid("%s: model_max_length must be in [3, %d], got %s", CONFIG, MAX_LENGTH, length);
        }
        return (int) length;
    }

    private static Map<String, Integer> readVocabulary(Path bundle) {
        ConfigFile file = ConfigFile.read(bundle, VOCABULARY);
        Map<String, Integer> vocabulary = new HashMap<>();
        for (String token : file.keys()) {
            vocabulary.put(token, file.integer(token));
        }
        return vocabulary;
    }

    private static List<String> readMerges(Path bundle, Map<String, Integer> vocabulary) {
        List<String> merges = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(bundle.resolve(MERGES), StandardCharsets.UTF_8)) {
                if (line.isEmpty() || line.startsWith("#version")) {
                    continue;
                }
                merges.add(checked(line, vocabulary));
            }
        } catch (MalformedInputException notText) {
            throw ConfigFile.invalid("%s is not UTF-8 text; replace it by the model's own", MERGES);
        } catch (IOException missing) {
            throw ConfigFile.invalid("%s is missing in %s; copy it from the model's export", MERGES, bundle);
        }
        return merges;
    }

    private static String checked(String merge, Map<String, Integer> vocabulary) {
        String[] pair = merge.split(" ", -1);
        if (pair.length != 2) {
            throw ConfigFile.invalid("%s: a merge must be two tokens with a space between, got \"%s\"", MERGES, merge);
        }
        for (String token : new String[] {pair[0], pair[1], pair[0] + pair[1]}) {
            if (!vocabulary.containsKey(token)) {
                throw ConfigFile.invalid(
                        "%s: the merge \"%s\" needs %s, which %s lacks", MERGES, merge, token, VOCABULARY);
            }
        }
        return merge;
    }
}
