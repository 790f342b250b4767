package dev.mobilediffusion.server.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * Many clients at once, each asking for its images one after the other.
 *
 * @param perClient how long each client took for all of its images
 * @param wall from the start of all to the end of the last
 * @param images of all clients together
 * @param ownAddresses whether each client had an address of its own, and so a turn of its own in the server's queue
 */
record LoadPhase(List<Duration> perClient, Duration wall, int images, boolean ownAddresses) {

    private static final long REFRESH_MILLIS = 200;

    static LoadPhase run(
            URI server, int clients, int imagesEach, ImageSettings settings, int first, IntConsumer drawn) {
        boolean ownAddresses = isLoopbackANetwork();
        AtomicInteger done = new AtomicInteger();
        CountDownLatch start = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("client-", 0).factory())) {
            List<Future<Duration>> running = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                Optional<InetAddress> address = ownAddresses ? Optional.of(loopback(i)) : Optional.empty();
                int from = first + i * imagesEach;
                running.add(threads.submit(() -> {
                    try (ImageClient client = HttpImageClient.connect(server, address, settings)) {
                        start.await();
                        return drawAll(client, from, imagesEach, done);
                    }
                }));
            }
            long begin = System.nanoTime();
            start.countDown();
            List<Duration> perClient = new ArrayList<>();
            for (Future<Duration> client : running) {
                perClient.add(await(client, () -> drawn.accept(first + done.get())));
            }
            Duration wall = Duration.ofNanos(System.nanoTime() - begin);
            return new LoadPhase(List.copyOf(perClient), wall, clients * imagesEach, ownAddresses);
        }
    }

    double imagesPerSecond() {
        return images / (wall.toNanos() / 1e9);
    }

    /** Slowest client over fastest: 1 when the server is perfectly fair. */
    double spread() {
        List<Duration> sorted = perClient.stream().sorted().toList();
        return (double) sorted.getLast().toNanos() / sorted.getFirst().toNanos();
    }

    private static Duration drawAll(ImageClient client, int first, int count, AtomicInteger done) {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            client.draw(first + i);
            done.incrementAndGet();
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static Duration await(Future<Duration> client, Runnable meanwhile) {
        while (true) {
            try {
                Duration took = client.get(REFRESH_MILLIS, TimeUnit.MILLISECONDS);
                meanwhile.run();
                return took;
            } catch (TimeoutException stillRunning) {
                meanwhile.run();
            } catch (ExecutionException failure) {
                String reason = String.valueOf(failure.getCause().getMessage());
                throw new CommandFailure("a client failed: " + reason, failure);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new CommandFailure("interrupted while clients were drawing", interrupted);
            }
        }
    }

    /** Linux gives the whole of 127.0.0.0/8 to this machine; other systems give 127.0.0.1 alone. */
    private static boolean isLoopbackANetwork() {
        try (Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress(loopback(0), 0));
            return true;
        } catch (IOException unavailable) {
            return false;
        }
    }

    /** 127.0.1.1 and on, for client 0 and on; at most {@link OptionValues#MAX_CLIENTS} of them. */
    private static InetAddress loopback(int client) {
        try {
            return InetAddress.getByAddress(new byte[] {127, 0, 1, (byte) (client + 1)});
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException("four bytes are an address", impossible);
        }
    }
}
