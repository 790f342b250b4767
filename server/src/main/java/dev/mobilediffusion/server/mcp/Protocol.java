package dev.mobilediffusion.server.mcp;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson2.JacksonMcpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator.ValidationResponse;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import io.modelcontextprotocol.spec.ProtocolVersions;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * The SDK's server behind our routes. It is made when the first assistant comes: most servers never see one, and should
 * not start more slowly for it. Thread-safe.
 */
final class Protocol {

    /** Newest last. */
    static final List<String> VERSIONS = List.of(
            ProtocolVersions.MCP_2024_11_05,
            ProtocolVersions.MCP_2025_03_26,
            ProtocolVersions.MCP_2025_06_18,
            ProtocolVersions.MCP_2025_11_25);

    private static final String INSTRUCTIONS = """
        Draws pictures on this machine. list_models tells what each model knows: a small model knows its words alone, \
        so use these in prompts. Each picture comes with a name, such as "job_.../0", which edit_image and \
        upscale_image take in place of the picture's bytes.\
        """;

    private final Tools tools;
    private final ObjectMapper mapper;
    private final String serverVersion;
    private McpStreamableServerSession.Factory sessions;

    Protocol(Tools tools, ObjectMapper mapper, String serverVersion) {
        this.tools = tools;
        this.mapper = mapper;
        this.serverVersion = serverVersion;
    }

    McpStreamableServerSession.McpStreamableServerSessionInit begin(McpSchema.InitializeRequest wanted) {
        return sessions().startSession(wanted);
    }

    private synchronized McpStreamableServerSession.Factory sessions() {
        if (sessions == null) {
            Provider provider = new Provider();
            McpJsonMapper json = new JacksonMcpJsonMapper(mapper);
            McpSyncServer unused = McpServer.sync(provider)
                    .serverInfo("mobilediffusion", serverVersion)
                    .instructions(INSTRUCTIONS)
                    .capabilities(
                            McpSchema.ServerCapabilities.builder().tools(false).build())
                    .jsonMapper(json)
                    .jsonSchemaValidator((schema, value) -> ValidationResponse.asValid(""))
                    .validateToolInputs(false)
                    .immediateExecution(true) // on the request's own thread, which watches the client
                    .tools(tools.specifications(json))
                    .build();
            sessions = provider.factory;
        }
        return sessions;
    }

    /** Gets the factory of sessions from the SDK; our routes keep the sessions. */
    private static final class Provider implements McpStreamableServerTransportProvider {

        private McpStreamableServerSession.Factory factory;

        @Override
        public void setSessionFactory(McpStreamableServerSession.Factory value) {
            factory = value;
        }

        @Override
        public List<String> protocolVersions() {
            return VERSIONS;
        }

        /** Nobody is told of anything: no client listens between its requests. */
        @Override
        public Mono<Void> notifyClients(String method, Object params) {
            return Mono.empty();
        }

        @Override
        public Mono<Void> closeGracefully() {
            return Mono.empty();
        }
    }
}
