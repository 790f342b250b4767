package dev.mobilediffusion.runtime.control;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.NetworkCopy;
import dev.mobilediffusion.runtime.bundle.NetworkOutline;
import dev.mobilediffusion.runtime.bundle.TemporaryFolder;
import dev.mobilediffusion.runtime.onnx.InferredTensors;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A copy of a UNet with an addition behind each tensor that an adapter adds to, in a temporary folder until closed. The
 * bundle's own file stays as it is.
 *
 * @param file the copy
 * @param inputs what fills its further inputs; closed with it
 */
public record ControlledUnet(Path folder, Path file, UnetControl inputs) implements AutoCloseable {

    private static final String PREFIX = "control/";

    /**
     * Makes it.
     *
     * @param unet the UNet's file, of the bundle or changed by LoRAs
     * @param adapter the adapter's name, see {@link Controls#names}
     * @param rows of an encoded prompt
     * @param hiddenSize width of a row
     * @throws InferenceException with code INVALID_REQUEST when the adapter is for another UNet; it names the first tensor
     *     that does not exist or fit
     */
    public static ControlledUnet of(
            ModelBundle bundle, Path unet, String adapter, int rows, int hiddenSize, RuntimeOptions options) {
        ControlAdapter found = ControlAdapter.read(bundle.folder(), adapter);
        RuntimeOptions uncached = options.withoutGraphs(); // an entry per temporary folder would be for nothing
        ResidualNetwork network = ResidualNetwork.load(
                found.file(), "control", "control_image", Sizes.of(bundle, rows, hiddenSize), uncached);
        Path folder = temporaryFolder();
        try {
            List<NetworkCopy.Sum> sums = sums(bundle, unet, found, network, folder, options);
            Map<String, Integer> outputs = new HashMap<>();
            for (int i = 0; i < sums.size(); i++) {
                outputs.put(sums.get(i).input(), i);
            }
            Path file = NetworkCopy.withSums(unet, sums, Files.createDirectory(folder.resolve("unet")));
            return new ControlledUnet(folder, file, new Residuals(network, outputs));
        } catch (IOException full) {
            network.close();
            TemporaryFolder.remove(folder);
            throw failure(full);
        } catch (RuntimeException refused) {
            network.close();
            TemporaryFolder.remove(folder);
            throw refused;
        }
    }

    /** What is to be added to the UNet, in the order of the adapter's outputs. */
    private static List<NetworkCopy.Sum> sums(
            ModelBundle bundle,
            Path unet,
            ControlAdapter adapter,
            ResidualNetwork network,
            Path folder,
            RuntimeOptions options)
            throws IOException {
        NetworkOutline outline = NetworkOutline.read(unet);
        List<String> tensors = new ArrayList<>();
        for (TensorSpec output : network.outputSpecs()) {
            String tensor = adapter.addsTo().get(output.name());
            if (tensor == null) {
                throw ControlAdapter.invalid(adapter.name(), "adds_to lacks the output %s", output.name());
            }
            if (!outline.tensors().contains(tensor)) {
                throw InferenceException.invalid(
                        "control",
                        "the control %s is not for the UNet of %s, which has no tensor %s",
                        adapter.name(),
                        bundle.name(),
                        tensor);
            }
            tensors.add(tensor);
        }
        Path probe = NetworkCopy.withOutputs(unet, tensors, Files.createDirectory(folder.resolve("probe")));
        Map<String, TensorSpec> specs = new HashMap<>();
        InferredTensors.outputs(probe, "unet", options).forEach(spec -> specs.put(spec.name(), spec));
        TemporaryFolder.remove(probe.getParent());
        List<NetworkCopy.Sum> sums = new ArrayList<>();
        for (int i = 0; i < tensors.size(); i++) {
            TensorSpec inside = specs.get(tensors.get(i));
            long[] given = network.outputs().get(i).shape();
            if (!inside.accepts(given)) {
                throw InferenceException.invalid(
                        "control",
                        "the control %s is not for the UNet of %s, whose tensor %s does not take %s",
                        adapter.name(),
                        bundle.name(),
                        inside,
                        java.util.Arrays.toString(given));
            }
            given[0] = inside.shape()[0];
            String input = PREFIX + network.outputSpecs().get(i).name();
            sums.add(new NetworkCopy.Sum(tensors.get(i), input, inside.type().number(), given));
        }
        return sums;
    }

    private static Path temporaryFolder() {
        try {
            return Files.createTempDirectory("mobilediffusion-control-");
        } catch (IOException full) {
            throw failure(full);
        }
    }

    private static InferenceException failure(IOException cause) {
        return new InferenceException(
                InferenceException.Code.INFERENCE_FAILED,
                "a copy of the UNet for its control could not be written: " + cause,
                cause);
    }

    @Override
    public void close() {
        inputs.close();
        TemporaryFolder.remove(folder);
    }
}
