package dev.mobilediffusion.server.mcp;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.edge.GenerationBody;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.upscale.Enlarger;
import io.helidon.webserver.CloseConnectionException;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What an assistant can do here. Thread-safe. */
public final class Tools {

    private static final System.Logger LOG = System.getLogger(Tools.class.getName());
    private static final String DESCRIPTIONS = "/api/mcp-tools.json";

    private final Map<String, Tool> byName;

    /** Answers a call, or throws an {@link ApiException} which says why not. */
    @FunctionalInterface
    interface Tool {
        McpSchema.CallToolResult answer(Call call, Progress progress);
    }

    /**
     * @param queue that admits jobs
     * @param models that calls may name
     * @param formats that can be written here
     * @param enlarger of images
     * @param heartbeat between two signs of life while a call waits, positive
     */
    public Tools(JobQueue queue, ModelCatalog models, Set<ImageFormat> formats, Enlarger enlarger, Duration heartbeat) {
        NamedImages named = new NamedImages(queue);
        DrawingTool drawing = new DrawingTool(queue, models, formats, named, heartbeat);
        UpscaleTool upscale = new UpscaleTool(enlarger, named);
        ModelTool list = new ModelTool(models, enlarger);
        this.byName = Map.of(
                "generate_image",
                (call, progress) -> drawing.draw(call, progress, GenerationBody.Kind.GENERATION),
                "edit_image",
                (call, progress) -> drawing.draw(call, progress, GenerationBody.Kind.EDIT),
                "upscale_image",
                (call, progress) -> upscale.enlarge(call),
                "list_models",
                (call, progress) -> list.list());
    }

    /** As the SDK's server wants them. */
    List<SyncToolSpecification> specifications(McpJsonMapper json) {
        return described(json).stream()
                .map(tool -> SyncToolSpecification.builder()
                        .tool(tool)
                        .callHandler((exchange, request) -> guarded(byName.get(tool.name()), exchange, request))
                        .build())
                .toList();
    }

    private static List<McpSchema.Tool> described(McpJsonMapper json) {
        try (InputStream stream = Tools.class.getResourceAsStream(DESCRIPTIONS)) {
            return json.readValue(stream.readAllBytes(), new TypeRef<List<McpSchema.Tool>>() {});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An assistant reads what went wrong in a result, and may do better; of a protocol's error it may never know. */
    private static McpSchema.CallToolResult guarded(
            Tool tool, McpSyncServerExchange exchange, McpSchema.CallToolRequest request) {
        Call call = Call.of(exchange);
        try {
            return tool.answer(call, new Progress(exchange, request.progressToken()));
        } catch (ApiException e) {
            return refusal(e);
        } catch (InferenceException e) {
            return refusal(ApiException.of(e));
        } catch (CloseConnectionException e) {
            throw e; // nobody reads the result
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "tool " + request.name() + " failed", e);
            return refusal(ApiException.of(ErrorCode.INTERNAL, "the server failed to answer this call"));
        }
    }

    private static McpSchema.CallToolResult refusal(ApiException failure) {
        String later = failure.retryAfter()
                .map(wait -> "; come back in %s s".formatted(Math.max(1, wait.toSeconds())))
                .orElse("");
        return McpSchema.CallToolResult.builder()
                .addTextContent("%s (%s)"
                        .formatted(failure.getMessage() + later, failure.code().label()))
                .isError(true)
                .build();
    }
}
