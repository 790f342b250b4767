package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.ImageContent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.ReadOnlyFileSystemException;
import java.sql.SQLException;
import java.util.Locale;
import org.sqlite.SQLiteException;

/** Says in the server's words what a disk or SQLite says in theirs. */
public final class StorageErrors {

    private static final System.Logger LOG = System.getLogger(StorageErrors.class.getName());

    private StorageErrors() {}

    /** All bytes of {@code content}; what fails while reading is said in the server's words. */
    static byte[] readAll(ImageContent content) {
        try (InputStream stream = content.open()) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw of(e);
        }
    }

    static ApiException of(IOException failure) {
        String text = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        if (text.contains("no space left") || text.contains("quota exceeded")) {
            return full(failure);
        }
        if (failure instanceof AccessDeniedException || text.contains("read-only") || text.contains("denied")) {
            return readOnly(failure);
        }
        return broken(failure);
    }

    static ApiException of(ReadOnlyFileSystemException failure) {
        return readOnly(failure);
    }

    static ApiException of(SQLException failure) {
        if (DamagedStoreException.isDamage(failure)) {
            LOG.log(System.Logger.Level.ERROR, "jobs.sqlite is damaged: {0}", failure.getMessage());
            return ApiException.of(
                    ErrorCode.STORAGE_UNAVAILABLE,
                    "the store of jobs is damaged; it is replaced with the next request, so try again",
                    failure);
        }
        if (failure instanceof SQLiteException sqlite) {
            return switch (DamagedStoreException.primaryCode(sqlite)) {
                case 13 -> full(failure);
                case 8, 14 -> readOnly(failure);
                default -> broken(failure);
            };
        }
        return broken(failure);
    }

    static ApiException full(Throwable cause) {
        return ApiException.of(ErrorCode.STORAGE_FULL, "the data folder's disk is full, so no job can be kept", cause);
    }

    private static ApiException readOnly(Throwable cause) {
        return ApiException.of(
                ErrorCode.STORAGE_UNAVAILABLE, "the data folder cannot be written to, so no job can be kept", cause);
    }

    private static ApiException broken(Throwable cause) {
        return ApiException.of(ErrorCode.STORAGE_UNAVAILABLE, "the data folder does not work at the moment", cause);
    }
}
