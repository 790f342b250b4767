package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The job store, or the hope for one: where the data folder cannot be used yet, the server runs without it and tries
 * again with each job that needs it.
 */
public final class Storage implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Storage.class.getName());

    private final ReentrantLock lock = new ReentrantLock();
    private final Supplier<JobStore> opener;
    private final Consumer<JobStore> onOpened;
    private JobStore store;
    private boolean closed;

    public Storage(Supplier<JobStore> opener, Consumer<JobStore> onOpened) {
        this.opener = opener;
        this.onOpened = onOpened;
    }

    /** @throws ApiException when there is no store now, either */
    public JobStore require() {
        lock.lock();
        try {
            if (closed) {
                throw ApiException.of(ErrorCode.NOT_READY, "the server is stopping");
            }
            if (store != null && store.isDamaged()) {
                store.close();
                store = null;
            }
            if (store == null) {
                store = opened();
            }
            return store;
        } finally {
            lock.unlock();
        }
    }

    private JobStore opened() {
        try {
            JobStore opened = opener.get();
            try {
                onOpened.accept(opened);
            } catch (RuntimeException e) {
                opened.close(); // else the next try finds the folder in use
                throw e;
            }
            return opened;
        } catch (ApiException e) {
            LOG.log(System.Logger.Level.WARNING, "{0}: {1}", e.getMessage(), e.getCause());
            throw e;
        }
    }

    /** The store, unless the data folder does not work; then a line in the log says why. */
    public Optional<JobStore> tryOpen() {
        try {
            return Optional.of(require());
        } catch (ApiException e) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (store != null) {
                store.close();
                store = null;
            }
        } finally {
            lock.unlock();
        }
    }
}
