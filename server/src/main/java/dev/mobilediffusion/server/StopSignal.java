package dev.mobilediffusion.server;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Hears SIGTERM and SIGINT before the JVM begins to shut down. In its shutdown hooks it would be too late: ONNX Runtime
 * has one of its own, which frees its threads beside ours, under an image that is still being drawn, and the process
 * aborts.
 */
final class StopSignal {

    private StopSignal() {}

    /** Runs {@code action} once, on a thread of its own, when the process is first told to stop. */
    static void whenTold(Runnable action) {
        AtomicBoolean told = new AtomicBoolean();
        Runnable once = () -> {
            if (!told.getAndSet(true)) {
                new Thread(action, "stop").start();
            }
        };
        try {
            handle("TERM", once);
            handle("INT", once);
        } catch (ReflectiveOperationException e) {
            Runtime.getRuntime().addShutdownHook(new Thread(action, "stop"));
        }
    }

    /** By reflection, since the compiler warns of the JDK's only class for signals and warnings end the build. */
    private static void handle(String name, Runnable action) throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        InvocationHandler run = (proxy, method, arguments) -> {
            action.run();
            return null;
        };
        Object proxy = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, run);
        signal.getMethod("handle", signal, handler)
                .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    }
}
