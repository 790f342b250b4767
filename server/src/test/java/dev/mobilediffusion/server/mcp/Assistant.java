package dev.mobilediffusion.server.mcp;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.json.jackson2.JacksonMcpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator.ValidationResponse;
import io.modelcontextprotocol.spec.McpSchema;
import java.net.http.HttpRequest;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** The official SDK's client of a server's {@code /mcp}, with a session that has begun. */
final class Assistant implements AutoCloseable {

    private final McpSyncClient client;
    private final BlockingQueue<McpSchema.ProgressNotification> progress = new LinkedBlockingQueue<>();

    private Assistant(HttpClientStreamableHttpTransport.Builder transport) {
        client = McpClient.sync(transport
                        .endpoint("/mcp")
                        .jsonMapper(new JacksonMcpJsonMapper(new ObjectMapper()))
                        .build())
                .jsonSchemaValidator((schema, value) -> ValidationResponse.asValid(""))
                .progressConsumer(progress::add)
                .build();
        client.initialize();
    }

    static Assistant of(String url) {
        return new Assistant(HttpClientStreamableHttpTransport.builder(url));
    }

    static Assistant withKey(String url, String key) {
        return new Assistant(HttpClientStreamableHttpTransport.builder(url)
                .requestBuilder(HttpRequest.newBuilder().header("Authorization", "Bearer " + key)));
    }

    McpSyncClient client() {
        return client;
    }

    /** What came with the calls that had a token. */
    BlockingQueue<McpSchema.ProgressNotification> progress() {
        return progress;
    }

    McpSchema.CallToolResult call(String tool, Map<String, Object> arguments) {
        return client.callTool(
                McpSchema.CallToolRequest.builder(tool).arguments(arguments).build());
    }

    McpSchema.CallToolResult callWithProgress(String tool, Map<String, Object> arguments, String token) {
        return client.callTool(McpSchema.CallToolRequest.builder(tool)
                .arguments(arguments)
                .meta(Map.of("progressToken", token))
                .build());
    }

    static List<McpSchema.ImageContent> images(McpSchema.CallToolResult result) {
        return result.content().stream()
                .filter(McpSchema.ImageContent.class::isInstance)
                .map(McpSchema.ImageContent.class::cast)
                .toList();
    }

    static byte[] bytes(McpSchema.ImageContent image) {
        return Base64.getDecoder().decode(image.data());
    }

    static List<String> texts(McpSchema.CallToolResult result) {
        return result.content().stream()
                .filter(McpSchema.TextContent.class::isInstance)
                .map(content -> ((McpSchema.TextContent) content).text())
                .toList();
    }

    @Override
    public void close() {
        client.close();
    }
}
