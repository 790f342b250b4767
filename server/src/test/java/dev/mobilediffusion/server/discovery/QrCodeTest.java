package dev.mobilediffusion.server.discovery;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.matchesPattern;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

final class QrCodeTest {

    private static final String URL = "https://192.168.178.123:8080/#key=md_" + "k".repeat(43);

    @Test
    void aReaderReadsWhatWasWritten() throws Exception {
        assertThat(QrReader.read(QrCode.lines(URL, false)), is(URL));
        assertThat(QrReader.read(QrCode.lines("http://10.0.0.2:8080/", false)), is("http://10.0.0.2:8080/"));
    }

    @Test
    void aPairingLinkFitsATerminal() {
        List<String> lines = QrCode.lines(URL, false);

        assertThat(lines.size(), lessThan(24));
        assertThat(lines.getFirst().length(), lessThan(80));
    }

    @Test
    void aTerminalIsToldTheColours() {
        assertThat(QrCode.lines("a", true), everyItem(matchesPattern("\u001B\\[97;40m[█▀▄ ]+\u001B\\[0m")));
    }

    @Test
    void aTextThatNoCodeHoldsIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> QrCode.lines("a".repeat(4000), false));
    }
}
