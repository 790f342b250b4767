package dev.mobilediffusion.server.grpc;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.util.List;
import org.junit.jupiter.api.Test;

final class StreamLedgerTest {

    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int PRIORITY = 2;
    private static final int RST_STREAM = 3;
    private static final int WINDOW_UPDATE = 8;
    private static final int END = 1;

    private final StreamLedger ledger = new StreamLedger();

    @Test
    void aResetOfAnOpenStreamPassesOnce() {
        ledger.received(HEADERS, 0, 1);
        ledger.received(DATA, END, 1);

        assertThat(ledger.received(RST_STREAM, 0, 1), is(true));
        assertThat(ledger.received(RST_STREAM, 0, 1), is(false));
    }

    @Test
    void aResetAfterBothSidesEndedIsHeldBack() {
        ledger.received(HEADERS, 0, 1);
        ledger.received(DATA, END, 1);
        ledger.sent(HEADERS, 0, 1);
        ledger.sent(HEADERS, END, 1);

        assertThat(ledger.received(RST_STREAM, 0, 1), is(false));
    }

    @Test
    void aStreamThatTheServerAloneHasEndedIsReadToItsClientsEnd() {
        ledger.received(HEADERS, 0, 1);
        ledger.sent(HEADERS, END, 1);

        assertThat(ledger.received(DATA, 0, 1), is(true));
        assertThat(ledger.received(RST_STREAM, 0, 1), is(true));
        assertThat(ledger.received(DATA, 0, 1), is(false));
    }

    @Test
    void aResetOfAStreamThatNeverWasIsForTheServerToJudge() {
        assertThat(ledger.received(RST_STREAM, 0, 5), is(true));
    }

    @Test
    void aStreamThatTheServerResetIsOver() {
        ledger.received(HEADERS, 0, 1);
        ledger.sent(RST_STREAM, 0, 1);

        for (int type : List.of(DATA, PRIORITY, RST_STREAM, WINDOW_UPDATE)) {
            assertThat("type " + type, ledger.received(type, 0, 1), is(false));
        }
    }

    @Test
    void headersPassAlwaysForTheyChangeHowLaterOnesAreRead() {
        ledger.received(HEADERS, END, 1);
        ledger.sent(HEADERS, END, 1);

        assertThat(ledger.received(HEADERS, END, 1), is(true));
    }

    @Test
    void whatConcernsTheConnectionItselfPasses() {
        ledger.received(HEADERS, END, 1);

        assertThat(ledger.received(WINDOW_UPDATE, 0, 0), is(true));
    }

    @Test
    void streamsThatAreOverAreForgotten() {
        for (int stream = 1; stream < 2000; stream += 2) {
            ledger.received(HEADERS, END, stream);
            ledger.sent(HEADERS, END, stream);
        }
        assertThat(ledger.openStreams(), is(0));
    }
}
