"""A LoRA on pocket's integers, for the runtime's tests: a small one of random numbers, and what pocket draws with it.

The layers that it changes compute with floats here, their weights dequantized and the change added; all others stay as they
are in the bundle. So the runtime, which quantizes these weights anew, can come near the picture, and not nearer.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from PIL import Image
from safetensors.torch import load_file, save_file

from paths import GOLDENS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from forge.tokens import Tokenizer  # noqa: E402

POCKET = Path(__file__).resolve().parents[2] / "pocket"
PROMPT, SEED, RANK, STRENGTH = "a red cat by the sea", 7, 2, 1.5
LAYERS = ("down1/transformer/0/self_attention/Gemm_161", "down2/transformer/0/self_attention/Gemm_338", "middle/residual/Conv_406",
          "up1/transformer/0/feed_forward/Gemm_901", "down1/memory/Conv_250", "up0/residual/Conv_621", "copy/Conv_1130")


class Graph:
    """The UNet's graph with a way to the float weights of its layers."""

    def __init__(self, model: onnx.ModelProto):
        self.model = model
        self.tensors = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        self.producers = {output: node for node in model.graph.node for output in node.output}

    def node(self, layer: str) -> onnx.NodeProto:
        names = (layer, f"{layer}_quant", f"{layer}_MatMul_quant", f"{layer}_MatMul")
        return next(node for node in self.model.graph.node if node.name in names or node.name.replace("/", "_") in names)

    def scale(self, node: onnx.NodeProto) -> tuple[np.ndarray, str]:
        """Of an integer product's weights, and the name of what it has become a float in."""
        cast = next(each for each in self.model.graph.node if node.output[0] in each.input)
        product = next(each for each in self.model.graph.node if cast.output[0] in each.input)
        scales = next(self.producers[name] for name in product.input if name != cast.output[0])
        return next(self.tensors[name] for name in scales.input if name in self.tensors), product.output[0]

    def weights(self, node: onnx.NodeProto) -> np.ndarray:
        name = node.input[1]
        if node.op_type == "MatMulInteger":
            return self.tensors[name].astype(np.float32) * self.scale(node)[0]
        if name in self.tensors:
            return self.tensors[name]
        before = self.producers[name]
        if before.op_type == "Cast":
            return self.tensors[before.input[0]].astype(np.float32)
        return self.tensors[self.producers[before.input[0]].input[0]].astype(np.float32) * self.tensors[before.input[1]]

    def change(self, node: onnx.NodeProto, weights: np.ndarray) -> None:
        graph, name = self.model.graph, f"changed/{node.name}"
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(weights, np.float32), name))
        if node.op_type != "MatMulInteger":
            node.input[1] = name
            return
        _, result = self.scale(node)
        old = self.producers[result]
        place = list(graph.node).index(old)
        graph.node.remove(old)
        graph.node.insert(place, helper.make_node("MatMul", [self.producers[node.input[0]].input[0], name], [result]))


def merged(lora: dict[str, torch.Tensor], weight: float = 1.0) -> onnx.ModelProto:
    graph = Graph(onnx.load(POCKET / "unet/model.onnx"))
    for key in [name.removesuffix(".lora_down.weight") for name in lora if name.endswith("down.weight")]:
        down, up, alpha = (lora[f"{key}.{part}"] for part in ("lora_down.weight", "lora_up.weight", "alpha"))
        delta = (up.flatten(1) @ down.flatten(1) * (alpha / len(down)) * weight).numpy()  # (out, in)
        node = graph.node(key.removeprefix("lora_unet_"))
        weights = graph.weights(node)
        graph.change(node, weights + (delta.T if weights.ndim == 2 else delta.reshape(weights.shape)))
    return graph.model


def random_lora() -> dict[str, torch.Tensor]:
    """Changes that are `STRENGTH` times as large as the weights."""
    graph, random, tensors = Graph(onnx.load(POCKET / "unet/model.onnx")), torch.Generator().manual_seed(3), {}
    for layer in LAYERS:
        weights = torch.from_numpy(graph.weights(graph.node(layer)).copy())
        rows = weights.T if weights.ndim == 2 else weights
        down = torch.randn(RANK, *rows.shape[1:], generator=random)
        up = torch.randn(len(rows), RANK, *[1] * (rows.ndim - 2), generator=random)
        size = (up.flatten(1) @ down.flatten(1)).std()
        key = "lora_unet_" + layer.replace("/", "_")
        tensors |= {f"{key}.lora_down.weight": down.half(), f"{key}.alpha": torch.tensor(float(RANK)),
                    f"{key}.lora_up.weight": (up * STRENGTH * weights.std() / size).half()}
    return tensors


def draw(unet: onnx.ModelProto) -> np.ndarray:
    tokenizer = Tokenizer.read((POCKET / "tokenizer/vocab.json").read_text("utf-8"), (POCKET / "tokenizer/merges.txt").read_text("utf-8"))
    text, decoder = (onnxruntime.InferenceSession(POCKET / part / "model.onnx") for part in ("text_encoder", "vae_decoder"))
    states = text.run(None, {"input_ids": np.array([tokenizer.encode(PROMPT, 48)])})[0]
    noise = torch.randn(1, 8, 64, 64, generator=torch.Generator("cpu").manual_seed(SEED)).numpy()
    session = onnxruntime.InferenceSession(unet.SerializeToString())
    time = next(each for each in session.get_inputs() if each.name == "timestep")
    step = np.full([1] * len(time.shape), 1000, np.int64 if "int64" in time.type else np.float32)
    velocity = session.run(None, {"sample": noise, "timestep": step, "encoder_hidden_states": states})[0]
    picture = decoder.run(None, {decoder.get_inputs()[0].name: noise - velocity})[0][0]
    return np.round((picture.transpose(1, 2, 0) / 2 + 0.5).clip(0, 1) * 255).astype(np.uint8)


def decibels(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def main() -> None:
    folder = GOLDENS / "lora"
    save_file(random_lora(), folder / "integers.safetensors")
    plain = draw(onnx.load(POCKET / "unet/model.onnx"))
    changed = draw(merged({name: each.float() for name, each in load_file(folder / "integers.safetensors").items()}))
    Image.fromarray(changed).save(folder / "integers.png", optimize=True)
    print(f"with the LoRA {decibels(plain, changed):.1f} dB from without")


if __name__ == "__main__":
    main()
