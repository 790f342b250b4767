package dev.mobilediffusion.server.grpc;

import io.grpc.Metadata;
import io.helidon.common.buffers.BufferData;
import io.helidon.grpc.core.GrpcHeadersUtil;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpPrologue;
import io.helidon.http.WritableHeaders;
import io.helidon.http.http2.Http2ErrorCode;
import io.helidon.http.http2.Http2Flag;
import io.helidon.http.http2.Http2FrameHeader;
import io.helidon.http.http2.Http2FrameTypes;
import io.helidon.http.http2.Http2Headers;
import io.helidon.http.http2.Http2RstStream;
import io.helidon.http.http2.Http2Settings;
import io.helidon.http.http2.Http2StreamState;
import io.helidon.http.http2.Http2StreamWriter;
import io.helidon.http.http2.Http2WindowUpdate;
import io.helidon.http.http2.StreamFlowControl;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.Router;
import io.helidon.webserver.http2.spi.Http2SubProtocolSelector;
import io.helidon.webserver.http2.spi.SubProtocolResult;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Helidon's gRPC, in which a call that fails where no interceptor can help harms nobody but itself. */
record GuardedGrpcSelector(Http2SubProtocolSelector grpc) implements Http2SubProtocolSelector {

    private static final System.Logger LOG = System.getLogger(GuardedGrpcSelector.class.getName());

    /** Writes a stack trace for every message that it cannot read, so that any client could fill the disk. */
    private static final Logger HELIDONS = Logger.getLogger("io.helidon.webserver.grpc.GrpcProtocolHandler");

    /** The name of metadata that was left out since it cannot be read, for {@link CallGuard} to refuse the call with. */
    static final Metadata.Key<String> UNREADABLE =
            Metadata.Key.of("mobilediffusion-unreadable-metadata", Metadata.ASCII_STRING_MARSHALLER);

    static {
        HELIDONS.setLevel(Level.OFF);
    }

    @Override
    public SubProtocolResult subProtocol(
            ConnectionContext context,
            HttpPrologue prologue,
            Http2Headers headers,
            Http2StreamWriter writer,
            int streamId,
            Http2Settings serverSettings,
            Http2Settings clientSettings,
            StreamFlowControl flowControl,
            Http2StreamState state,
            Router router) {
        SubProtocolResult result = grpc.subProtocol(
                context,
                prologue,
                readable(headers),
                writer,
                streamId,
                serverSettings,
                clientSettings,
                flowControl,
                state,
                router);
        Runnable reset = () -> writer.write(new Http2RstStream(Http2ErrorCode.INTERNAL)
                .toFrameData(clientSettings, streamId, Http2Flag.NoFlags.create()));
        return result.supported() ? new SubProtocolResult(true, new Handler(result.subProtocol(), reset)) : result;
    }

    /**
     * Without what is not base64, for instance: Helidon would let go of the call while its request is under way, and end
     * the connection when that comes.
     */
    private static Http2Headers readable(Http2Headers headers) {
        WritableHeaders<?> readable = WritableHeaders.create();
        for (Header header : headers.httpHeaders()) {
            try {
                GrpcHeadersUtil.toMetadata(
                        Http2Headers.create(WritableHeaders.create().add(header)));
                readable.add(header);
            } catch (RuntimeException e) {
                readable.set(HeaderNames.create(UNREADABLE.name()), header.name());
            }
        }
        return Http2Headers.create(readable);
    }

    /**
     * One call's wire side. Its data comes on the call's thread, which reads on to the client's end after its own: only a
     * stream that is called closed here is forgotten.
     */
    private static final class Handler implements SubProtocolHandler {

        private final SubProtocolHandler handler;
        private final Runnable reset;
        private volatile boolean clientEnded;
        private boolean broken;

        Handler(SubProtocolHandler handler, Runnable reset) {
            this.handler = handler;
            this.reset = reset;
        }

        @Override
        public void init() {
            guarded(handler::init);
        }

        /** Helidon overlooks the client's end where it comes with a message that it cannot read. */
        @Override
        public Http2StreamState streamState() {
            Http2StreamState state = handler.streamState();
            boolean bothEnded = clientEnded && state == Http2StreamState.HALF_CLOSED_LOCAL;
            return broken || bothEnded ? Http2StreamState.CLOSED : state;
        }

        @Override
        public void rstStream(Http2RstStream frame) {
            clientEnded = true;
            handler.rstStream(frame);
        }

        @Override
        public void windowUpdate(Http2WindowUpdate update) {
            handler.windowUpdate(update);
        }

        @Override
        public void data(Http2FrameHeader header, BufferData data) {
            clientEnded |= header.flags(Http2FrameTypes.DATA).endOfStream();
            guarded(() -> handler.data(header, data));
        }

        /**
         * Helidon would reset the stream, too, but keep it, and with it one of the connection's streams for ever. For a
         * client that has gone or takes nothing: every other failure is to end in a status, since a stream that is closed
         * before its client's end takes the connection along when a frame is under way.
         */
        private void guarded(Runnable step) {
            try {
                step.run();
            } catch (RuntimeException e) {
                boolean clientHasGone = e instanceof CloseConnectionException;
                LOG.log(
                        clientHasGone ? System.Logger.Level.DEBUG : System.Logger.Level.INFO,
                        "a gRPC call broke off: {0}",
                        e.toString());
                broken = true;
                reset.run();
            }
        }
    }
}
