package dev.mobilediffusion.runtime.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.TokenizerFiles;
import org.junit.jupiter.api.Test;

final class ClipTokenizerTest {

    private final TokenizerFiles files =
            ModelBundle.open(TinyBundle.folder(TinyBundle.FLOW)).tokenizer();
    private final ClipTokenizer tokenizer = new ClipTokenizer(files);

    @Test
    void framesAndPadsToTheModelsLength() {
        int[] ids = tokenizer.encode("").ids();

        assertThat(ids.length, is(48));
        assertThat(ids[0], is(files.vocabulary().get("<|startoftext|>")));
        assertThat(ids[1], is(files.vocabulary().get("<|endoftext|>")));
        assertThat(ids[47], is(files.vocabulary().get(files.padToken())));
    }

    @Test
    void dropsCaseAndSpaces() {
        assertThat(
                tokenizer.encode("  A Red\n\tHOUSE ").ids(),
                is(tokenizer.encode("a red house").ids()));
    }

    @Test
    void tellsWhatDidNotFit() {
        TokenizedPrompt fits = tokenizer.encode("the ".repeat(46));
        TokenizedPrompt tooLong = tokenizer.encode("the ".repeat(46) + "Tree and the fish");

        assertThat(fits.isTruncated(), is(false));
        assertThat(tooLong.isTruncated(), is(true));
        assertThat(tooLong.ignored(), is("tree and the fish"));
        assertThat(tooLong.ids(), is(fits.ids()));
    }

    @Test
    void takesAPromptOfTwoMegabytesInOneWord() {
        TokenizedPrompt prompt = tokenizer.encode("thesea".repeat(350_000));

        assertThat(prompt.ids().length, is(48));
        assertThat(prompt.ignored(), startsWith("thesea"));
        assertThat(prompt.ignored(), containsString("…"));
        assertThat(prompt.ignored().length(), is(lessThan(100)));
    }
}
