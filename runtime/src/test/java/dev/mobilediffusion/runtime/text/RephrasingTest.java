package dev.mobilediffusion.runtime.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.anEmptyMap;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.text.Rephrasing.Rephrased;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RephrasingTest {

    private static final Rephrasing REPHRASING = new Rephrasing(
            Map.of("2", "two", "near", "next to", "four leaf clover", "four leaf clover"),
            Map.of(
                    "In  the Garden",
                    "in a meadow",
                    "on a mountain",
                    "in the mountains",
                    "on top of a mountain",
                    "in the mountains",
                    "four",
                    "three",
                    "light blue",
                    "blue",
                    "a $1",
                    "a \\1"));

    @ParameterizedTest
    @CsvSource(textBlock = """
        a cat in the garden,a cat in a meadow
        A cat IN THE   GARDEN,A cat in a meadow
        '2 cats, 2 dogs','two cats, two dogs'
        (2 cats:1.2),(two cats:1.2)
        a light blue car near a tree,a blue car next to a tree
        a house on top of a mountain,a house in the mountains
        a four leaf clover and four cats,a four leaf clover and three cats
        a $1 cat,a \\1 cat
        """)
    void saysWhatTheModelWasTaught(String written, String said) {
        assertThat(REPHRASING.apply(written).text(), is(said));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "2",
                "(cat:2)",
                "1.2 cats",
                "a 2d cat",
                "cat 2",
                "a nearby house",
                "light bluebells",
                "in the gardens"
            })
    void leavesTheRestAlone(String prompt) {
        Rephrased said = REPHRASING.apply(prompt);

        assertThat(said.text(), is(prompt));
        assertThat(said.told(), is(anEmptyMap()));
    }

    @Test
    void tellsOnlyWhatChangesTheMeaning() {
        assertThat(
                REPHRASING.apply("2 cats near a dog, in the garden").told(),
                is(Map.of("in the garden", "in a meadow")));
    }

    @Test
    void withoutAListNothingChanges() {
        assertThat(new Rephrasing(Map.of(), Map.of()).apply("2 cats").text(), is("2 cats"));
    }
}
