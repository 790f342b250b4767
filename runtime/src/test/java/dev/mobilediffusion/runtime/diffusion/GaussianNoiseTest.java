package dev.mobilediffusion.runtime.diffusion;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.runtime.TinyBundle;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our noise against torch's, bit by bit ({@code models/forge/goldens/noise.py}). */
final class GaussianNoiseTest {

    private static final int LATENTS = 8 * 64 * 64;

    static Stream<JsonNode> draws() {
        return goldens("draws");
    }

    static Stream<JsonNode> latents() {
        return goldens("latents_1x8x64x64");
    }

    private static Stream<JsonNode> goldens(String key) {
        List<JsonNode> cases = new ArrayList<>();
        TinyBundle.json(TinyBundle.resource("goldens/noise.json")).path(key).forEach(cases::add);
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("draws")
    void drawsWhatTorchDraws(JsonNode golden) {
        GaussianNoise noise = GaussianNoise.seeded(golden.path("seed").longValue());
        for (JsonNode draw : golden.path("draws")) {
            String[] expected = draw.textValue().split(" ");
            float[] values = new float[expected.length];
            noise.fill(values);
            String[] found = new String[values.length];
            for (int i = 0; i < values.length; i++) {
                found[i] = Integer.toHexString(Float.floatToRawIntBits(values[i]));
            }
            assertThat(found, is(expected));
        }
    }

    @ParameterizedTest
    @MethodSource("latents")
    void drawsTheLatentsThatTorchDraws(JsonNode golden) throws NoSuchAlgorithmException {
        float[] latents = new float[LATENTS];
        GaussianNoise.seeded(golden.path("seed").longValue()).fill(latents);

        ByteBuffer bits = ByteBuffer.allocate(LATENTS * Float.BYTES);
        for (float latent : latents) {
            bits.putFloat(latent);
        }
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bits.array());
        assertThat(HexFormat.of().formatHex(digest), is(golden.path("sha256").textValue()));
    }
}
