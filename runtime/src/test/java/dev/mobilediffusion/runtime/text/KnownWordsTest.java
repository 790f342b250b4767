package dev.mobilediffusion.runtime.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import java.util.List;
import org.junit.jupiter.api.Test;

final class KnownWordsTest {

    private final KnownWords words = new KnownWords(List.of("a", "red", "hot-air", "balloon", "house"));

    @Test
    void findsWordsThatTheModelDoesNotKnow() {
        assertThat(words.unknownIn("A red Dragon, a DRAGON and a house."), contains("dragon", "and"));
    }

    @Test
    void knowsTheWordsOfACompoundInAnyCase() {
        assertThat(words.unknownIn("a red HOT air balloon"), is(empty()));
        assertThat(words.unknownIn("a house's balloon 42 !?"), is(empty()));
    }

    @Test
    void anEmptyListMeansThatAnyTextWillDo() {
        assertThat(new KnownWords(List.of()).unknownIn("quux"), is(empty()));
    }
}
