package dev.mobilediffusion.server.grpc;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.helidon.common.buffers.DataReader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

final class FrameFilterTest {

    private static final byte[] PREFACE = new byte[24];
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int END = 1;

    private final StreamLedger ledger = new StreamLedger();
    private final Queue<byte[]> arriving = new ArrayDeque<>();
    private final List<Integer> givenBack = new ArrayList<>();

    /** As Helidon reads: the header of a frame, then its body. */
    private final DataReader passed =
            DataReader.create(new FrameFilter(DataReader.create(arriving::poll), ledger, givenBack::add));

    @Test
    void aFrameIsJudgedAfterTheServerHasDealtWithTheOneBeforeAlsoWhereBothCameTogether() {
        byte[] request = frame(HEADERS, END, 1, 10);
        byte[] next = frame(HEADERS, END, 3, 10);
        arriving.add(together(PREFACE, request, frame(RST_STREAM, 0, 1, 4), next));

        assertThat(passed.readBytes(PREFACE.length), is(PREFACE));
        assertThat(read(request.length), is(request));
        ledger.sent(HEADERS, END, 1);

        assertThat(read(next.length), is(next));
    }

    @Test
    void framesInPiecesOfAnySizePassAsTheyAre() {
        byte[] first = frame(HEADERS, 0, 1, 10);
        byte[] second = frame(DATA, 0, 1, 300);
        byte[] third = frame(DATA, END, 1, 0);
        byte[] all = together(PREFACE, first, second, third);
        for (int pieceBytes : List.of(1, 7, 8, 9, 10, 100, all.length)) {
            StreamLedger fresh = new StreamLedger();
            Queue<byte[]> pieces = pieces(all, pieceBytes);
            DataReader reader =
                    DataReader.create(new FrameFilter(DataReader.create(pieces::poll), fresh, givenBack::add));

            assertThat("in pieces of " + pieceBytes, reader.readBytes(all.length), is(all));
        }
        assertThat(givenBack, is(List.of()));
    }

    @Test
    void dataThatIsHeldBackGivesItsBytesBack() {
        byte[] request = frame(HEADERS, 0, 1, 10);
        byte[] next = frame(HEADERS, END, 3, 10);
        byte[] held = together(frame(DATA, 0, 1, 300), frame(DATA, 0, 1, 0), frame(RST_STREAM, 0, 1, 4));
        arriving.addAll(pieces(together(PREFACE, request, held, next), 50));

        passed.readBytes(PREFACE.length + request.length);
        ledger.sent(RST_STREAM, 0, 1);

        assertThat(read(next.length), is(next));
        assertThat(givenBack, is(List.of(300)));
    }

    @Test
    void theConnectionsEndAmidAFrameIsItsEnd() {
        arriving.add(together(PREFACE, new byte[] {0, 0, 8}));
        passed.readBytes(PREFACE.length);

        assertThrows(DataReader.InsufficientDataAvailableException.class, () -> passed.readBytes(9));
    }

    private byte[] read(int bytes) {
        return together(passed.readBytes(9), passed.readBytes(bytes - 9));
    }

    private static Queue<byte[]> pieces(byte[] all, int pieceBytes) {
        Queue<byte[]> pieces = new ArrayDeque<>();
        for (int from = 0; from < all.length; from += pieceBytes) {
            pieces.add(Arrays.copyOfRange(all, from, Math.min(all.length, from + pieceBytes)));
        }
        return pieces;
    }

    private static byte[] together(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private static byte[] frame(int type, int flags, int stream, int bodyBytes) {
        return ByteBuffer.allocate(9 + bodyBytes)
                .putInt(bodyBytes << 8 | type)
                .put((byte) flags)
                .putInt(stream)
                .array();
    }
}
