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
    void namesTheWordsThatASlipMayMean() {
        KnownWords animals = new KnownWords(List.of("dinosaur", "cat", "horse", "house", "an elephant"));
        assertThat(animals.nearest("dinosuar"), contains("dinosaur"));
        assertThat(animals.nearest("hoarse"), contains("horse", "house"));
        assertThat(animals.nearest("elefant"), contains("elephant"));
        assertThat("short words are near too many", animals.nearest("cot"), is(empty()));
        assertThat(animals.nearest("spaceship"), is(empty()));
    }

    @Test
    void knowsWhenATextNamesNothingKnown() {
        assertThat(words.knowsNothingOf("a quokka with the axolotl"), is(true));
        assertThat(words.knowsNothingOf("a quokka by a house"), is(false));
        assertThat("nothing is named", words.knowsNothingOf("a"), is(false));
        assertThat("any text will do", new KnownWords(List.of()).knowsNothingOf("quokka"), is(false));
    }

    @Test
    void anEmptyListMeansThatAnyTextWillDo() {
        assertThat(new KnownWords(List.of()).unknownIn("quux"), is(empty()));
    }
}
