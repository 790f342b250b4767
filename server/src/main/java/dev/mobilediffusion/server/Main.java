package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import dev.mobilediffusion.runtime.upscale.TwoPassPipeline;
import dev.mobilediffusion.runtime.upscale.Upscalers;
import dev.mobilediffusion.server.discovery.Advertisement;
import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.models.ModelRegistry;
import dev.mobilediffusion.server.models.PipelineLoader;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.security.KeyFileException;
import dev.mobilediffusion.server.security.TlsException;
import dev.mobilediffusion.server.store.FolderInUseException;
import dev.mobilediffusion.server.store.UnknownSchemaException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/** A server with the real model in it, from start to SIGTERM. */
public final class Main {

    /** For telling the neighbours; whom that does not reach forgets the server after two minutes. */
    private static final Duration GOODBYE = Duration.ofSeconds(2);

    private static final System.Logger LOG = System.getLogger(Main.class.getName());

    private Main() {}

    /**
     * Serves until the process is told to stop, and then ends it with exit code 0.
     *
     * @param out where the line goes that says where the server listens
     * @throws StartupException when the server cannot start
     */
    public static void serve(ServerConfig config, PrintWriter out) {
        ServerLogManager.install();
        Machine machine = Machine.here();
        RuntimeOptions options = config.device()
                .options(machine, config.data())
                .withMemory(config.memory().profile())
                .withSafetyChecker(config.safetyChecker());
        PipelineLoader loader = new PipelineLoader(options);
        ImageServer server = start(config, loader, machine, options);
        server.metrics().watchEmbeddingCache(loader::cacheHits, loader::cacheMisses);
        FutureTask<Advertisement> advertisement = new FutureTask<>(() -> advertise(server));
        StopSignal.whenTold(() -> stop(server, advertisement));
        Greeting.print(server, out);
        advertisement.run();
        awaitForEver();
    }

    private static ImageServer start(
            ServerConfig config, PipelineLoader loader, Machine machine, RuntimeOptions options) {
        try {
            ExecutionPlan execution = OnnxRuntime.plan(options);
            LOG.log(
                    System.Logger.Level.INFO,
                    "ep={0} threads={1} onnxruntime={2}: {3}",
                    execution.provider(),
                    execution.threads(),
                    execution.onnxRuntime(),
                    execution.reason());
            ModelRegistry models = ModelRegistry.open(
                    config.models(),
                    config.model(),
                    bundle -> new TwoPassPipeline(
                            loader.apply(bundle),
                            Upscalers.in(config.models(), options),
                            ModelBundle.open(bundle).vaeEncoderModel().isPresent()),
                    bundle -> ModelBundle.open(bundle)
                            .memoryEstimate(config.memory().profile()),
                    config.memory().budget(machine.memory().availableBytes()));
            return ImageServer.start(
                    config,
                    models,
                    new FileEncoder(config.pictureMetadata()),
                    FileEncoder.formats(),
                    new Device(machine, () -> OnnxRuntime.plan(options), options));
        } catch (IllegalArgumentException
                | IllegalStateException
                | FolderInUseException
                | KeyFileException
                | TlsException
                | UnknownSchemaException
                | InferenceException
                | ApiException e) {
            throw new StartupException(e.getMessage(), e);
        }
    }

    /** The JVM would end with 143 after a SIGTERM; having done all that was asked, this is a success. */
    private static void stop(ImageServer server, FutureTask<Advertisement> advertisement) {
        Thread goodbye = Thread.ofVirtual().start(() -> sayGoodbye(advertisement));
        server.close();
        try {
            goodbye.join(GOODBYE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().halt(0);
    }

    private static Advertisement advertise(ImageServer server) {
        if (!server.config().access().announce()) {
            return Advertisement.NONE;
        }
        String name = "MobileDiffusion on " + LocalNetwork.machineName();
        return Advertisement.start(new Advertisement.Service(
                name.substring(0, Math.min(name.length(), Advertisement.Service.MAX_NAME_LENGTH)),
                server.port(),
                server.grpcPort(),
                server.certificate().isPresent(),
                server.model(),
                version(),
                server.config().fleet().flatMap(FleetOptions::told)));
    }

    /** Told to stop before it was announced, a server is never announced. */
    private static void sayGoodbye(FutureTask<Advertisement> advertisement) {
        advertisement.cancel(false);
        if (advertisement.state() == Future.State.SUCCESS) {
            advertisement.resultNow().close();
        }
    }

    /** Of the program; unknown where it does not run from its jar. */
    static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "unknown" : version;
    }

    private static void awaitForEver() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
