package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.runtime.Sha256;
import java.nio.charset.StandardCharsets;

/** What things are called in NATS. A change of meaning needs another {@link #SCHEMA}. */
final class Names {

    /** Of streams, buckets and records. A board refuses those of a later one. */
    static final int SCHEMA = 1;

    static final String WORK = "MD_WORK";
    static final String EVENTS = "MD_EVENTS";
    static final String LIVE = "md_live";
    static final String ENDED = "md_ended";
    static final String BOARDS = "md_boards";
    static final String IMAGES = "md_pictures";

    /** Board's key in {@link #BOARDS} under which it is told to rest. */
    static final String DRAIN = "drain.";

    /** Key's key in {@link #BOARDS} under which its requests are counted. */
    static final String RATE = "rate.";

    static final String WORK_SUBJECTS = "md.work.*.*.*";
    static final String EVENT_SUBJECTS = "md.event.*";
    static final String COUNTED = "md.counted";

    private Names() {}

    /** Where the images of a job wait: per model and client, so that boards can choose among both. */
    static String work(String model, String client, String jobId) {
        return "md.work.%s.%s".formatted(lane(model, client), jobId);
    }

    /** Images of one client that want one model. */
    static String lane(String model, String client) {
        return token(model) + '.' + token(client);
    }

    static String event(String jobId) {
        return "md.event." + jobId;
    }

    /** The key of an idempotency key in {@link #ENDED}. */
    static String idempotency(String client, String key) {
        return "key." + Sha256.of((client + '\n' + key).getBytes(StandardCharsets.UTF_8));
    }

    static String job(String jobId) {
        return "job." + jobId;
    }

    /** Any text as one part of a subject: 32 hex digits of its hash. */
    static String token(String text) {
        return Sha256.of(text.getBytes(StandardCharsets.UTF_8)).substring(0, 32);
    }
}
