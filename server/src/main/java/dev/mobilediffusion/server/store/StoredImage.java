package dev.mobilediffusion.server.store;

import dev.mobilediffusion.runtime.Sha256;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.ImageContent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * An image's file, and what the store's row promises of it. A file that is missing, or has other bytes, is never handed
 * out: reading it throws {@link ErrorCode#GONE}.
 *
 * @param file where it lies
 * @param size in bytes
 * @param sha256 64 hex digits
 * @param layer what opens it
 */
record StoredImage(Path file, long size, String sha256, FileLayer layer) implements ImageContent {

    @Override
    public void check() {
        requireSize();
        try (InputStream stream = open()) {
            requireHash(Sha256.of(stream));
        } catch (IOException e) {
            throw StorageErrors.of(e);
        }
    }

    @Override
    public InputStream open() {
        try {
            return layer.open(file);
        } catch (NoSuchFileException e) {
            throw missing(e);
        } catch (IOException e) {
            throw StorageErrors.of(e);
        }
    }

    @Override
    public byte[] read() {
        requireSize();
        byte[] bytes = StorageErrors.readAll(this);
        requireHash(Sha256.of(bytes));
        return bytes;
    }

    private void requireSize() {
        long found;
        try {
            found = Files.size(file);
        } catch (NoSuchFileException e) {
            throw missing(e);
        } catch (IOException e) {
            throw StorageErrors.of(e);
        }
        if (found != size) {
            throw ApiException.of(
                    ErrorCode.GONE,
                    "picture %s is damaged on the server's disk: its file has %s bytes, %s were written"
                            .formatted(name(), found, size));
        }
    }

    private void requireHash(String found) {
        if (!found.equals(sha256)) {
            throw ApiException.of(
                    ErrorCode.GONE,
                    "picture %s is damaged on the server's disk: its file does not have the bytes that were written"
                            .formatted(name()));
        }
    }

    private ApiException missing(NoSuchFileException cause) {
        return ApiException.of(
                ErrorCode.GONE,
                "picture %s is not on the server's disk any more: it has expired, or its file was removed"
                        .formatted(name()),
                cause);
    }

    /** As in the address: {@code job_…/0}. */
    private String name() {
        return "%s/%s"
                .formatted(
                        file.getParent().getFileName(),
                        file.getFileName().toString().replaceFirst("\\..*", ""));
    }
}
