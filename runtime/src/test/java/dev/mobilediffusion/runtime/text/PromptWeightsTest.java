package dev.mobilediffusion.runtime.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights of words against {@code models/forge/goldens/weights.py}. */
final class PromptWeightsTest {

    private static final double WEIGHT_TOLERANCE = 1e-6;
    private static final double STATE_TOLERANCE = 2e-5;
    private static final float OFFSET = 0.3f;

    private final ClipTokenizer tokenizer = new ClipTokenizer(
            ModelBundle.open(TinyBundle.folder(TinyBundle.STABLE_DIFFUSION)).tokenizer());

    static Stream<JsonNode> prompts() {
        List<JsonNode> cases = new ArrayList<>();
        TinyBundle.json(TinyBundle.resource("goldens/weights.json")).forEach(cases::add);
        return cases.stream();
    }

    @Test
    void thereAreGoldenPrompts() {
        assertThat(prompts().toList(), hasSize(19));
    }

    @ParameterizedTest
    @MethodSource("prompts")
    void weighsTokensAsTheWebUiDoes(JsonNode golden) {
        TokenizedPrompt prompt = tokenizer.encodeWeighted(golden.path("prompt").textValue());

        for (int i = 0; i < prompt.ids().length; i++) {
            assertThat("id " + i, prompt.ids()[i], is(golden.path("ids").path(i).intValue()));
            double weight = golden.path("weights").path(i).doubleValue();
            assertThat("weight " + i, (double) prompt.weights()[i], is(closeTo(weight, WEIGHT_TOLERANCE)));
        }
    }

    @ParameterizedTest
    @MethodSource("prompts")
    void keepsTheMeanOfTheVectors(JsonNode golden) {
        TokenizedPrompt prompt = tokenizer.encodeWeighted(golden.path("prompt").textValue());
        JsonNode expected = golden.path("states");
        float[] states = new float[expected.size()];
        int index = prompts().map(each -> each.path("prompt")).toList().indexOf(golden.path("prompt"));
        GaussianNoise.seeded(index).fill(states);
        for (int i = 0; i < states.length; i++) {
            states[i] += OFFSET;
        }

        float[] weighted = prompt.isWeighted()
                ? PromptWeights.applied(states, prompt.weights(), states.length / prompt.weights().length)
                : states;

        for (int i = 0; i < weighted.length; i++) {
            assertThat(
                    "element " + i,
                    (double) weighted[i],
                    is(closeTo(expected.path(i).doubleValue(), STATE_TOLERANCE)));
        }
    }

    @Test
    void doesNotRestoreAMeanThatIsChance() {
        float[] centred = {1, -1.001f, 2, -2};

        float[] weighted = PromptWeights.applied(centred, new float[] {1, 1.5f}, 2);

        assertThat(weighted, is(new float[] {1, -1.001f, 3, -3}));
    }

    @Test
    void leavesRowsBehindTheTokensAsTheyAre() {
        float[] states = {1, 1, 2, 2, 7, 8};

        float[] weighted = PromptWeights.applied(states, new float[] {1, 2}, 2);

        assertThat(weighted, is(new float[] {0.6f, 0.6f, 2.4f, 2.4f, 7, 8}));
    }

    @Test
    void readsDeepNestsInNoTime() {
        String prompt = "(a".repeat(15_000) + ":1.2)".repeat(15_000);
        long begin = System.nanoTime();

        List<WeightedText> pieces = WeightedText.parse(prompt);

        assertThat(pieces.getFirst(), is(new WeightedText("a", 1.2)));
        assertThat(pieces.get(1).weight(), is(closeTo(1.44, WEIGHT_TOLERANCE)));
        assertThat(Duration.ofNanos(System.nanoTime() - begin), is(lessThan(Duration.ofSeconds(5))));
    }

    @Test
    void leavesBracketsAloneWhereTheyAreText() {
        assertThat(WeightedText.parse("a \\(red\\) house"), contains(new WeightedText("a (red) house", 1)));
        assertThat(tokenizer.encode("a (red) house").isWeighted(), is(false));
    }
}
