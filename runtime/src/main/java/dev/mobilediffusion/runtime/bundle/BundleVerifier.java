package dev.mobilediffusion.runtime.bundle;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Hashes a bundle's files and compares them with what {@code bundle.json} promises. */
public final class BundleVerifier {

    private BundleVerifier() {}

    /**
     * Reads every file that the manifest lists.
     *
     * @throws InferenceException with code INVALID_BUNDLE that names the first file which is missing or altered
     */
    public static void verify(Path bundle, BundleManifest manifest) {
        manifest.files().forEach((name, expected) -> {
            Path file = bundle.resolve(name).normalize();
            if (!file.startsWith(bundle.normalize())) {
                throw ConfigFile.invalid("%s: files: %s lies outside the bundle", BundleManifest.NAME, name);
            }
            String found = hash(file, name);
            if (!found.equals(expected)) {
                throw ConfigFile.invalid(
                        "%s is altered or incomplete: its sha256 is %s…, bundle.json promises %s…; install the model"
                                + " again",
                        name, found.substring(0, 12), expected.substring(0, 12));
            }
        });
    }

    /** sha256 of every file of a bundle, by its path with slashes; hidden files and {@code bundle.json} left out. */
    public static Map<String, String> hashes(Path bundle) {
        Map<String, String> hashes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(bundle)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                String name = bundle.relativize(file).toString().replace('\\', '/');
                if (!name.equals(BundleManifest.NAME) && !name.startsWith(".") && !name.contains("/.")) {
                    hashes.put(name, hash(file, name));
                }
            }
        } catch (IOException failure) {
            throw ConfigFile.invalid("%s cannot be read: %s", bundle, failure);
        }
        return hashes;
    }

    /** One hash for the whole: sha256 over the lines {@code hash, two spaces, path}, as {@code sha256sum} prints. */
    static String combined(Map<String, String> hashes) {
        MessageDigest digest = Sha256.digest();
        new TreeMap<>(hashes)
                .forEach((name, hash) -> digest.update((hash + "  " + name + "\n").getBytes(StandardCharsets.UTF_8)));
        return Sha256.hex(digest.digest());
    }

    private static String hash(Path file, String name) {
        try {
            return Sha256.of(file);
        } catch (NoSuchFileException missing) {
            throw ConfigFile.invalid("%s is missing; install the model again", name);
        } catch (IOException failure) {
            throw ConfigFile.invalid("%s cannot be read: %s", name, failure);
        }
    }
}
