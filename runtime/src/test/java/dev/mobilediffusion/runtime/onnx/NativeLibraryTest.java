package dev.mobilediffusion.runtime.onnx;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.notNullValue;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Guards the choice of ONNX Runtime's version, see docs/adr/0003. */
final class NativeLibraryTest {

    @ParameterizedTest
    @ValueSource(strings = {"linux-x64", "linux-aarch64"})
    void neverReportsToItsMaker(String platform) throws IOException {
        try (InputStream library = OrtEnvironment.class.getResourceAsStream(
                "/ai/onnxruntime/native/%s/libonnxruntime.so".formatted(platform))) {
            assertThat("the jar has a library for " + platform, library, is(notNullValue()));
            String bytes = new String(library.readAllBytes(), StandardCharsets.ISO_8859_1);

            // Matched without the text in the message, which would be the whole library
            assertThat(bytes.contains("events.data.microsoft.com"), is(false));
            assertThat(bytes.contains("ORT_DISABLE_TELEMETRY"), is(false));
        }
    }
}
