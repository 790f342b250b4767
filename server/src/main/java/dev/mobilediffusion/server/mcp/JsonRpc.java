package dev.mobilediffusion.server.mcp;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.edge.ErrorForm;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.wire.Json;

/** What HTTP refuses before a message reaches the protocol, in the protocol's own form: JSON-RPC 2.0. */
final class JsonRpc {

    static final String VERSION = "2.0";

    private static final int INVALID_REQUEST = -32600;
    private static final int INTERNAL_ERROR = -32603;

    private JsonRpc() {}

    /** No id: a request that is refused here was not read, or none was in it. */
    static ErrorForm.Body refusal(ApiException failure) {
        ErrorCode code = failure.code();
        ObjectNode node = Json.object();
        node.put("jsonrpc", VERSION);
        node.putNull("id");
        ObjectNode error = node.putObject("error");
        error.put("code", code.httpStatus() < 500 ? INVALID_REQUEST : INTERNAL_ERROR);
        error.put("message", failure.getMessage());
        ObjectNode data = error.putObject("data");
        data.put("code", code.label());
        data.put("param", failure.param().isEmpty() ? null : failure.param());
        return new ErrorForm.Body(code.httpStatus(), node);
    }
}
