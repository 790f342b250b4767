package dev.mobilediffusion.server;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.machine.DeviceCondition;
import dev.mobilediffusion.server.machine.DeviceGuard;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.AdmissionRule;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.security.Gate;
import java.time.Duration;

/**
 * Refuses jobs beyond a key's limit, jobs while heat or battery forbid to draw, and those whose model there is never room
 * for.
 */
record Admission(Gate gate, DeviceGuard guard, ModelCatalog models) implements AdmissionRule {

    /** A board without a fan cools by some degrees in a minute; a battery takes its time. */
    private static final Duration UNTIL_COOL = Duration.ofMinutes(1);

    private static final Duration UNTIL_CHARGED = Duration.ofMinutes(10);
    private static final Duration UNTIL_RESTARTED = Duration.ofSeconds(10);

    @Override
    public void check(JobSpec spec, ClientId client) {
        countRequest(gate, client);
        requireStrength(guard);
        models.requireRoom(spec.model());
        if (spec.source().isPresent()) {
            models.requireEncoder(spec.model());
        }
        spec.control().ifPresent(lines -> models.requireControl(spec.model(), lines.control()));
    }

    /** What holds for images that are enlarged, too, which are no jobs. */
    static void checkEnlarging(Gate gate, DeviceGuard guard, JobQueue queue, ClientId client) {
        countRequest(gate, client);
        if (queue.isDraining()) {
            throw ApiException.retry(ErrorCode.NOT_READY, "the server is stopping", UNTIL_RESTARTED);
        }
        requireStrength(guard);
    }

    private static void requireStrength(DeviceGuard guard) {
        DeviceCondition condition = guard.condition();
        if (condition == DeviceCondition.HOT) {
            throw ApiException.retry(ErrorCode.DEVICE_TOO_HOT, guard.reason(), UNTIL_COOL);
        }
        if (condition == DeviceCondition.BATTERY_LOW) {
            throw ApiException.retry(ErrorCode.BATTERY_LOW, guard.reason(), UNTIL_CHARGED);
        }
    }

    /** Counts a request against the limit of the key that it came by. */
    static void countRequest(Gate gate, ClientId client) {
        client.keyName().ifPresent(gate::countRequest);
    }
}
