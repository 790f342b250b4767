package dev.mobilediffusion.runtime;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What is to compute the networks.
 *
 * @param provider the execution provider
 * @param library a library with a provider that ONNX Runtime loads as a plug-in; then {@code provider} is AUTO
 * @param kernels what to change in ONNX Runtime's own kernels
 */
public record Execution(ExecutionProvider provider, Optional<Path> library, Set<KernelSwitch> kernels) {

    /** What suits the processor, no plug-in, kernels as they are. */
    public static final Execution DEFAULT = new Execution(ExecutionProvider.AUTO, Optional.empty(), Set.of());

    public Execution {
        Objects.requireNonNull(provider, "provider");
        Objects.requireNonNull(library, "library");
        kernels = Set.copyOf(kernels);
        if (library.isPresent() && provider != ExecutionProvider.AUTO) {
            throw new IllegalArgumentException(
                    "ep must be auto where ep-library brings a provider, got " + provider.label());
        }
    }
}
