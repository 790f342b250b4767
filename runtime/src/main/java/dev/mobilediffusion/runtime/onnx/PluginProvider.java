package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtEpDevice;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** An execution provider in a library of its own, which stays loaded until the process ends. */
final class PluginProvider implements ForeignProvider {

    private final String name;
    private final List<OrtEpDevice> devices;

    private PluginProvider(String name, List<OrtEpDevice> devices) {
        this.name = name;
        this.devices = devices;
    }

    /**
     * Loads the library and finds the devices that its provider can use here.
     *
     * @throws IllegalArgumentException when there is no such library, or it finds no device
     */
    static PluginProvider load(OrtEnvironment environment, Path library) {
        if (!Files.isRegularFile(library)) {
            throw new IllegalArgumentException("ep-library: there is no file " + library);
        }
        try {
            Set<String> before = names(environment.getEpDevices());
            environment.registerExecutionProviderLibrary(
                    nameOf(library), library.toAbsolutePath().toString());
            List<OrtEpDevice> added = environment.getEpDevices().stream()
                    .filter(device -> !before.contains(device.getEpName()))
                    .toList();
            if (added.isEmpty()) {
                throw new IllegalArgumentException(
                        "ep-library: the provider in %s finds no device that it can use on this machine"
                                .formatted(library));
            }
            String name = added.getFirst().getEpName();
            return new PluginProvider(
                    name,
                    added.stream()
                            .filter(device -> device.getEpName().equals(name))
                            .limit(1)
                            .toList());
        } catch (OrtException | LinkageError failure) {
            throw new IllegalArgumentException(
                    "ep-library: ONNX Runtime cannot load a provider from %s: %s"
                            .formatted(library, failure.getMessage()),
                    failure);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String device() {
        return devices.getFirst().getDevice().toString();
    }

    @Override
    public void addTo(SessionOptions session) throws OrtException {
        session.addExecutionProvider(devices, Map.of());
    }

    /** {@code onnxruntime_ggml} of {@code libonnxruntime_ggml.so}: some providers take it for their own name. */
    private static String nameOf(Path library) {
        return library.getFileName().toString().replaceFirst("^lib", "").replaceFirst("\\..*$", "");
    }

    private static Set<String> names(List<OrtEpDevice> devices) {
        return devices.stream().map(OrtEpDevice::getEpName).collect(Collectors.toSet());
    }
}
