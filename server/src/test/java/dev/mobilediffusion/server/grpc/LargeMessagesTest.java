package dev.mobilediffusion.server.grpc;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.error.ApiException;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LargeMessagesTest {

    private static final int LARGE = GrpcApi.MAX_REQUEST_BYTES + LargeMessages.SHORT_BYTES;

    private final LargeMessages messages = new LargeMessages();
    private final List<ApiException> refusals = new ArrayList<>();

    @Test
    void fourLargeMessagesFindRoomAndAFifthWhenOneHasEnded() {
        List<ServerStreamTracer> held = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            held.add(call(LARGE));
        }
        assertThat(refusals.isEmpty(), is(true));

        call(LARGE);
        assertThat(refusals.getFirst().getMessage(), containsString("at most 16777216 bytes"));
        call(LargeMessages.SHORT_BYTES);
        assertThat(refusals.size(), is(1));

        held.getFirst().streamClosed(Status.CANCELLED);
        context(held.get(1)).run(LargeMessages::done);
        call(LARGE);
        call(LARGE);
        assertThat(refusals.size(), is(1));
    }

    @Test
    void whatAMessageUnpacksToIsCounted() {
        for (int i = 0; i < 4; i++) {
            call(LARGE);
        }
        ServerStreamTracer bomb = call(1_000);
        bomb.inboundUncompressedSize(LARGE);

        context(bomb).run(() -> assertThrows(ApiException.class, LargeMessages::requireRoom));
    }

    private ServerStreamTracer call(long bytes) {
        ServerStreamTracer tracer = messages.newServerStreamTracer("x/y", new Metadata());
        context(tracer).run(() -> LargeMessages.onRefusal(refusals::add));
        for (long sent = 0; sent < bytes; sent += LargeMessages.SHORT_BYTES) {
            tracer.inboundWireSize(Math.min(LargeMessages.SHORT_BYTES, bytes - sent));
        }
        return tracer;
    }

    private static Context context(ServerStreamTracer tracer) {
        return tracer.filterContext(Context.ROOT);
    }
}
