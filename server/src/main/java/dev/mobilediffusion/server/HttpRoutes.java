package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.runtime.upscale.Upscalers;
import dev.mobilediffusion.server.a1111.SdApi;
import dev.mobilediffusion.server.edge.Api;
import dev.mobilediffusion.server.edge.Errors;
import dev.mobilediffusion.server.edge.RequestForm;
import dev.mobilediffusion.server.edge.RequestTimer;
import dev.mobilediffusion.server.edge.RootCertificateRoute;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.edge.ServerRoutes;
import dev.mobilediffusion.server.machine.ComputeTurns;
import dev.mobilediffusion.server.mcp.McpRoutes;
import dev.mobilediffusion.server.mcp.Tools;
import dev.mobilediffusion.server.metrics.ServerMetrics;
import dev.mobilediffusion.server.models.ModelConcepts;
import dev.mobilediffusion.server.models.ModelLoras;
import dev.mobilediffusion.server.models.ModelRegistry;
import dev.mobilediffusion.server.page.PageRoutes;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.security.Certificates;
import dev.mobilediffusion.server.security.ServerCertificate;
import dev.mobilediffusion.server.upscale.Enlarger;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.webserver.http.HttpRouting;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * Every HTTP route of the server.
 *
 * @param obstacle why the server takes no jobs now; empty when it is ready
 * @param grpcPort where gRPC is served, once it is
 */
record HttpRoutes(
        ServerConfig config,
        Access access,
        Optional<ServerCertificate> certificate,
        JobQueue queue,
        ModelRegistry models,
        ServerMetrics metrics,
        Device device,
        ComputeTurns turns,
        Supplier<Optional<String>> obstacle,
        IntSupplier grpcPort) {

    /** Registers them: first what the routes say of themselves, then the gate, then the routes. */
    HttpRouting.Builder install(HttpRouting.Builder routing, Set<ImageFormat> formats) {
        long maxBodyBytes = config.http().maxBodyBytes();
        Uploads uploads = new Uploads(config.http().maxUploadBytes());
        ModelConcepts concepts =
                new ModelConcepts(config.models(), UserFolders.concepts(config.data()), device.options());
        models.tellOf(concepts);
        Enlarger enlarger = new Enlarger(
                Upscalers.in(config.models(), device.options()),
                turns,
                client -> Admission.checkEnlarging(access.gate(), turns.guard(), queue, client));
        SdApi a1111 = new SdApi(queue, models, formats, maxBodyBytes, uploads, enlarger);
        RestApi rest = new RestApi(
                queue,
                models,
                formats,
                metrics,
                obstacle,
                maxBodyBytes,
                uploads,
                enlarger,
                concepts,
                new ModelLoras(config.models()),
                config.http().eventHeartbeat(),
                device.execution());
        McpRoutes mcp = new McpRoutes(
                new Tools(queue, models, formats, enlarger, config.http().eventHeartbeat()), uploads, Main.version());
        PageRoutes page = new PageRoutes();
        Errors.install(routing);
        routing.addFilter(new RequestForm()).addFilter(new RequestTimer(metrics));
        a1111.declare(routing);
        rest.declare(routing, config.access().openReady(), config.access().openMetrics());
        McpRoutes.API.declare(routing, McpRoutes.PATH);
        page.declare(routing);
        // What a device may trust is no secret
        Api.OTHER.withAccess(Api.Access.OPEN).declareOne(routing, "/ca.pem");

        routing.any(access.handler(config.access()));

        a1111.install(routing);
        rest.install(routing);
        routing.register(McpRoutes.PATH, mcp);
        routing.register(
                "/v1/server",
                new ServerRoutes(
                        Main.version(),
                        grpcPort,
                        device.execution(),
                        device.options().safetyChecker(),
                        device.machine(),
                        queue::boards));
        certificate
                .flatMap(ServerCertificate::root)
                .map(Certificates::pem)
                .ifPresent(pem -> routing.register("/ca.pem", new RootCertificateRoute(pem)));
        // Last, since other APIs answer programs at / that do not ask for HTML
        routing.register("/", page).any(Routes.notFound());
        return routing;
    }
}
