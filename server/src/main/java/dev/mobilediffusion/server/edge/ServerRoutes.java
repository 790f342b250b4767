package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.queue.BoardStatus;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import java.util.List;
import java.util.Objects;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * {@code /v1/server}: what a client may want to know of the server itself. What the machine does not tell is left out: memory
 * where there is no /proc, the temperatures of a machine without sensors.
 *
 * @param version of the program
 * @param grpcPort where gRPC is served
 * @param execution tells what computes the networks, and why
 * @param safetyChecker whether models' safety checkers are run, where they have one
 * @param machine whose memory and temperatures are told
 * @param boards of the fleet that this one is in; none where it is in none
 */
public record ServerRoutes(
        String version,
        IntSupplier grpcPort,
        Supplier<ExecutionPlan> execution,
        boolean safetyChecker,
        Machine machine,
        Supplier<List<BoardStatus>> boards)
        implements HttpService {

    public ServerRoutes {
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(grpcPort, "grpcPort");
        Objects.requireNonNull(execution, "execution");
        Objects.requireNonNull(machine, "machine");
        Objects.requireNonNull(boards, "boards");
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", (request, response) -> {
                    response.header(HeaderValues.CONTENT_TYPE_JSON);
                    response.send(Json.bytes(describe()));
                })
                .any("/", Routes.methodNotAllowed("GET, HEAD"));
    }

    private ObjectNode describe() {
        ObjectNode node = Json.object();
        node.put("version", version);
        node.put("grpc_port", grpcPort.getAsInt());
        ExecutionJson.put(node, execution.get());
        node.put("safety_checker", safetyChecker ? "on" : "off");
        ObjectNode memory = node.putObject("memory");
        machine.memory().residentBytes().ifPresent(bytes -> memory.put("resident_bytes", bytes));
        machine.memory().peakBytes().ifPresent(bytes -> memory.put("peak_bytes", bytes));
        machine.memory().availableBytes().ifPresent(bytes -> memory.put("available_bytes", bytes));
        ObjectNode temperatures = node.putObject("temperature_celsius");
        machine.thermalZones().forEach(zone -> zone.celsius().ifPresent(value -> temperatures.put(zone.name(), value)));
        List<BoardStatus> fleet = boards.get();
        if (!fleet.isEmpty()) {
            ArrayNode all = node.putArray("boards");
            fleet.forEach(board -> all.add(of(board)));
        }
        return node;
    }

    private static ObjectNode of(BoardStatus board) {
        ObjectNode node = Json.object();
        node.put("name", board.name());
        node.put("version", board.version());
        board.models().forEach(node.putArray("models")::add);
        node.put("seconds_per_picture", board.secondsPerImage());
        node.put("drawing", board.drawing());
        node.put("drained", board.resting());
        board.celsius().ifPresent(celsius -> node.put("temperature_celsius", celsius));
        return node;
    }
}
