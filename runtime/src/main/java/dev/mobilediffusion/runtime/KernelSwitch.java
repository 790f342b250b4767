package dev.mobilediffusion.runtime;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What can be changed in ONNX Runtime's own kernels. Each acts on some processors only: docs/devices.md. */
public enum KernelSwitch {
    /** Multiplies float32 matrices in bfloat16, on ARM processors with that extension: faster, and less exact. */
    BF16,
    /** Multiplies 2-bit weights by looking products up. */
    LUT_GEMM,
    /** Leaves Arm's KleidiAI kernels out, to compare with and without them. */
    NO_KLEIDIAI;

    /** How people and settings spell it: {@code lut-gemm}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The switch that people call {@code label}, in any case. */
    public static Optional<KernelSwitch> ofLabel(String label) {
        return Stream.of(values())
                .filter(kernel -> kernel.label().equalsIgnoreCase(label))
                .findFirst();
    }

    /** All labels, with commas. */
    public static String labels() {
        return String.join(", ", Stream.of(values()).map(KernelSwitch::label).toList());
    }
}
