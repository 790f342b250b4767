package dev.mobilediffusion.server.install;

import dev.mobilediffusion.runtime.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A file as the hub lists it.
 *
 * @param path within the repository
 * @param size in bytes
 * @param sha256 64 hex digits, of large files; empty for small ones, which have {@code gitId}
 * @param gitId 40 hex digits: Git's name for the file's bytes; empty where the hub does not say
 */
record HubFile(String path, long size, String sha256, String gitId) {

    /** Whether {@code file} holds what the hub promised. */
    boolean matches(Path file) throws IOException {
        if (Files.size(file) != size) {
            return false;
        }
        if (!sha256.isEmpty()) {
            return Sha256.of(file).equals(sha256);
        }
        return gitId.isEmpty() || gitId(file).equals(gitId);
    }

    /** Git's SHA-1 of a file: of a header with the size, then of the bytes. */
    private static String gitId(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-1");
            digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
            byte[] chunk = new byte[1 << 17];
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                digest.update(chunk, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-1", impossible);
        }
    }
}
