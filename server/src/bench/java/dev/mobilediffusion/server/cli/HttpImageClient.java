package dev.mobilediffusion.server.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.benchmark.Benchmark;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** REST's synchronous request, answered with the PNG itself. One connection, kept alive. */
final class HttpImageClient implements ImageClient {

    private static final Pattern STAGE = Pattern.compile("(\\w+);dur=([0-9.]+)");
    private static final int OK = 200;

    private final HttpClient http;
    private final URI generations;
    private final ImageSettings settings;

    private HttpImageClient(HttpClient http, URI server, ImageSettings settings) {
        this.http = http;
        this.generations = server.resolve("/v1/images/generations");
        this.settings = settings;
    }

    /** @param address where its connection comes from, by which the server knows it; empty for the system's choice */
    static HttpImageClient connect(URI server, Optional<InetAddress> address, ImageSettings settings) {
        HttpClient.Builder http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
        address.ifPresent(http::localAddress);
        return new HttpImageClient(http.build(), server, settings);
    }

    @Override
    public ServedImage draw(int number) {
        ObjectNode body = JsonNodeFactory.instance
                .objectNode()
                .put("prompt", Benchmark.prompt(number))
                .put("seed", number)
                .put("steps", settings.steps());
        settings.guidanceScale().ifPresent(scale -> body.put("guidance_scale", scale));
        HttpRequest request = HttpRequest.newBuilder(generations)
                .header("Content-Type", "application/json")
                .header("Accept", "image/png")
                .POST(BodyPublishers.ofString(body.toString()))
                .build();
        long start = System.nanoTime();
        HttpResponse<byte[]> response = send(request);
        Duration wall = Duration.ofNanos(System.nanoTime() - start);
        if (response.statusCode() != OK) {
            throw new CommandFailure(
                    "the server answered picture %s with status %s".formatted(number, response.statusCode()));
        }
        String timings = response.headers().firstValue("Server-Timing").orElse("");
        return new ServedImage(wall, inference(timings));
    }

    @Override
    public void close() {
        http.close();
    }

    private HttpResponse<byte[]> send(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.ofByteArray());
        } catch (IOException failure) {
            throw new CommandFailure("the server does not answer: " + failure.getMessage(), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CommandFailure("interrupted while waiting for a picture", interrupted);
        }
    }

    /** The sum over the networks of a {@code Server-Timing} header such as {@code unet;dur=30.125, encode;dur=2.500}. */
    static Duration inference(String serverTiming) {
        double millis = 0;
        Matcher stage = STAGE.matcher(serverTiming);
        while (stage.find()) {
            if (isNetwork(stage.group(1))) {
                millis += Double.parseDouble(stage.group(2));
            }
        }
        if (millis == 0) {
            throw new CommandFailure("the server tells no stage times, only '%s'".formatted(serverTiming));
        }
        return Duration.ofNanos(Math.round(millis * 1e6));
    }

    private static boolean isNetwork(String label) {
        return label.equals(Stage.TEXT_ENCODER.label())
                || label.equals(Stage.UNET.label())
                || label.equals(Stage.VAE_DECODER.label());
    }
}
