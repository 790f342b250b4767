package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Upload;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.nats.NatsErrors;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.ObjectStore;
import io.nats.client.api.ObjectMeta;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Images in NATS's object store; those that were drawn or read here lately are in memory, too. Thread-safe. */
final class Images {

    private static final int CHUNK_BYTES = 1 << 19;
    private static final long CACHE_BYTES = 16L << 20;
    private static final int OBJECT_NOT_FOUND = 404;

    private final Supplier<Connection> connection;
    private final LinkedHashMap<String, byte[]> cache = new LinkedHashMap<>(16, 0.75f, true);
    private long cachedBytes;

    Images(Supplier<Connection> connection) {
        this.connection = connection;
    }

    /** Keeps {@code bytes} under a name that nobody else uses. */
    void put(String object, byte[] bytes) {
        Connection nats = connection.get();
        int chunk = (int) Math.min(CHUNK_BYTES, nats.getMaxPayload());
        NatsErrors.call(() ->
                store(nats).put(ObjectMeta.builder(object).chunkSize(chunk).build(), new ByteArrayInputStream(bytes)));
        remember(object, bytes);
    }

    /** The content of an object, read when it is asked for. */
    ImageContent content(String object, long size) {
        return new Content(object, size);
    }

    /** Keeps the images that came with a job. */
    void putUploads(String jobId, JobSpec spec) {
        List<Upload> uploads = spec.uploads();
        for (int i = 0; i < uploads.size(); i++) {
            put(upload(jobId, i), uploads.get(i).content().read());
        }
    }

    /** A job's spec as its record tells it, with the images that came with it. */
    JobSpec withUploads(String jobId, JobSpec spec) {
        return spec.withUploads(place -> () -> read(upload(jobId, place)));
    }

    /** Removes the images that came with a job. */
    void deleteUploads(JobRecord job) {
        int uploads = job.spec().uploads().size();
        for (int i = 0; i < uploads; i++) {
            delete(upload(job.id(), i));
        }
    }

    private static String upload(String jobId, int place) {
        return jobId + "-upload-" + place;
    }

    /** Removes an object; one that is not there is gone already. */
    void delete(String object) {
        forget(object);
        NatsErrors.call(() -> {
            try {
                return store(connection.get()).delete(object);
            } catch (JetStreamApiException | IllegalArgumentException gone) {
                return null;
            }
        });
    }

    private byte[] read(String object) {
        byte[] cached;
        synchronized (cache) {
            cached = cache.get(object);
        }
        if (cached != null) {
            return cached;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        NatsErrors.call(() -> {
            try {
                return store(connection.get()).get(object, bytes);
            } catch (JetStreamApiException e) {
                if (e.getErrorCode() == OBJECT_NOT_FOUND) {
                    throw gone(e);
                }
                throw e;
            } catch (IllegalArgumentException e) {
                throw gone(e);
            }
        });
        remember(object, bytes.toByteArray());
        return bytes.toByteArray();
    }

    private static ApiException gone(Exception cause) {
        return ApiException.of(
                ErrorCode.GONE, "the picture is not in the fleet's store any more: it has expired", cause);
    }

    private void remember(String object, byte[] bytes) {
        synchronized (cache) {
            byte[] before = cache.put(object, bytes);
            cachedBytes += bytes.length - (before == null ? 0 : before.length);
            while (cachedBytes > CACHE_BYTES) {
                Map.Entry<String, byte[]> eldest = cache.pollFirstEntry();
                cachedBytes -= eldest.getValue().length;
            }
        }
    }

    private void forget(String object) {
        synchronized (cache) {
            byte[] before = cache.remove(object);
            cachedBytes -= before == null ? 0 : before.length;
        }
    }

    private static ObjectStore store(Connection nats) throws IOException {
        return nats.objectStore(Names.IMAGES);
    }

    private final class Content implements ImageContent {

        private final String object;
        private final long size;

        Content(String object, long size) {
            this.object = object;
            this.size = size;
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public byte[] read() {
            return Images.this.read(object);
        }

        @Override
        public void check() {
            byte[] unused = read();
        }

        @Override
        public void release() {
            forget(object);
        }
    }
}
