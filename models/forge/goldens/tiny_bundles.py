"""Three random models of about 300 KB each in the diffusers ONNX layout, for the runtime's tests.

They draw noise, but by every operation of the real thing: networks are built by diffusers and transformers from tiny
configs, with their last layers scaled so that predictions have a spread of about 1 and pictures use the whole range.

tiny-flow  like `pocket`: 8 latent channels, flow matching, float timesteps, fixed batch, 48 tokens, bundle.json
tiny-sd    like Stable Diffusion 1: 4 channels, epsilon, Euler, int64 timesteps, free batch, 77 tokens, int32 ids
tiny-lcm   like a latent consistency model, in float16: guidance as an input, scalar timestep, external data
"""

import hashlib
import json
import re
import shutil
import warnings
from collections import Counter
from pathlib import Path

import onnx
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTextConfig, CLIPTextModel

from paths import BUNDLES, NETWORKS

warnings.filterwarnings("ignore")

HIDDEN = 16  # width of a token's vector
LATENT = 8  # latent height and width; pictures have 64x64 pixels

CORPUS = """a red house by the sea at sunset. two blue fish in the sea at night. a big yellow hot-air balloon on the
left over snowy mountains. a small green tree in the meadow at dawn. three white flowers. a black cat and a brown dog in
the city. the rocket, the lighthouse, the snowman, the boat, the car, the bird, the mushroom, the star, the heart"""


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def byte_pair_merges(text: str, count: int) -> list[str]:
    """The most frequent pairs, merged one after the other; ties go to the first in the alphabet, for one result."""
    words = Counter(tuple(word[:-1]) + (word[-1] + "</w>",) for word in re.findall("[a-z]+", text.lower()))
    merges: list[str] = []
    for _ in range(count):
        pairs: Counter = Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(" ".join(best))
        words = Counter({merged(word, best): times for word, times in words.items()})
    return merges


def merged(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    result: list[str] = []
    for symbol in word:
        if result and (result[-1], symbol) == pair:
            result[-1] += symbol
        else:
            result.append(symbol)
    return tuple(result)


def tokenizer_files(folder: Path, length: int, pad: str) -> int:
    """Trains a small byte-pair vocabulary in CLIP's format; returns its size."""
    merges = byte_pair_merges(CORPUS, 120)

    symbols = sorted(ByteLevel.alphabet())
    tokens = symbols + [symbol + "</w>" for symbol in symbols] + [merge.replace(" ", "") for merge in merges]
    tokens = list(dict.fromkeys(tokens)) + ["<|startoftext|>", "<|endoftext|>"]
    write_json(folder / "vocab.json", {token: index for index, token in enumerate(tokens)})
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    specials = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": pad}
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", "model_max_length": length, **specials})
    write_json(folder / "special_tokens_map.json", specials)
    return len(tokens)


class Named(torch.nn.Module):
    """Calls a model by keyword, so that the exported graph has the layout's input names, and returns one tensor."""

    def __init__(self, model: torch.nn.Module, call) -> None:
        super().__init__()
        self.model = model
        self.call = call

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.call(self.model, *inputs)


def shorten_names(graph: onnx.GraphProto) -> None:
    """Numbers what is only named within the graph; the exporter's names take more bytes than the weights."""
    kept = {value.name for value in [*graph.input, *graph.output]} | {""}
    short: dict[str, str] = {}

    def renamed(name: str) -> str:
        return name if name in kept else short.setdefault(name, format(len(short), "x"))

    for weights in graph.initializer:
        weights.name = renamed(weights.name)
    for node in graph.node:
        node.name, node.doc_string = "", ""
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
        assert all(attribute.type != onnx.AttributeProto.GRAPH for attribute in node.attribute)
    del graph.value_info[:]


def export(path: Path, model, call, inputs: dict, output: str, free: dict | None = None, external: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        Named(model, call).eval(),
        tuple(inputs.values()),
        str(path),
        input_names=list(inputs),
        output_names=[output],
        dynamic_axes=free or {},
        opset_version=17,
        dynamo=False,
    )
    graph = onnx.load(str(path))
    shorten_names(graph.graph)
    if external:
        path.unlink()
        onnx.save(graph, str(path), save_as_external_data=True, location="model.onnx_data", size_threshold=256)
        path.with_name("model.onnx_data").chmod(0o644)
    else:
        onnx.save(graph, str(path))


def text_encoder(folder: Path, vocabulary: int, length: int, ids: torch.dtype, half: bool) -> None:
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=length,
        eos_token_id=vocabulary - 1,
        bos_token_id=vocabulary - 2,
        attn_implementation="eager",
    )
    model = CLIPTextModel(config)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.data = torch.randn_like(parameter) * 0.3
    model = model.half() if half else model
    export(
        folder / "model.onnx",
        model,
        lambda m, input_ids: m(input_ids=input_ids).last_hidden_state,
        {"input_ids": torch.full((1, length), vocabulary - 1, dtype=ids)},
        "last_hidden_state",
        {} if length == 48 else {"input_ids": {0: "batch", 1: "sequence"}, "last_hidden_state": {0: "batch", 1: "sequence"}},
    )
    write_json(folder / "config.json", {"_class_name": "CLIPTextModel", "hidden_size": HIDDEN, "max_position_embeddings": length, "vocab_size": vocabulary})


def unet(folder: Path, channels: int, length: int, timestep: torch.Tensor, free: bool, **options) -> None:
    half = options.pop("half", False)
    external = options.pop("external", False)
    config = dict(
        sample_size=LATENT,
        in_channels=channels,
        out_channels=channels,
        layers_per_block=1,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=HIDDEN,
        attention_head_dim=2,
        norm_num_groups=4,
        **options,
    )
    model = UNet2DConditionModel(**config)
    scale_output(model, model.conv_out, torch.randn(1, channels, LATENT, LATENT), timestep, torch.randn(1, length, HIDDEN), 1.0)
    model = model.half() if half else model
    dtype = torch.float16 if half else torch.float32
    inputs = {
        "sample": torch.randn(1, channels, LATENT, LATENT, dtype=dtype),
        "timestep": timestep,
        "encoder_hidden_states": torch.randn(1, length, HIDDEN, dtype=dtype),
    }
    if "time_cond_proj_dim" in options:
        inputs["timestep_cond"] = torch.randn(1, options["time_cond_proj_dim"], dtype=dtype)

    def call(m, sample, time, states, cond=None):
        return m(sample, time, states, timestep_cond=cond, return_dict=False)[0]

    axes = {name: {0: "batch"} for name in inputs if inputs[name].ndim} | {"out_sample": {0: "batch"}}
    export(folder / "model.onnx", model, call, inputs, "out_sample", axes if free else {}, external)
    write_json(folder / "config.json", {"_class_name": "UNet2DConditionModel", **config})


def vae_decoder(folder: Path, channels: int, half: bool = False, free: bool = False, **latents) -> None:
    model = AutoencoderKL(
        latent_channels=channels,
        block_out_channels=(4, 4, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=8 * LATENT,
    )
    sample = torch.randn(1, channels, LATENT, LATENT)
    with torch.no_grad():
        spread = model.decode(sample).sample.std()
        model.decoder.conv_out.weight.mul_(0.6 / spread)
        model.decoder.conv_out.bias.zero_()
    model = model.half() if half else model
    axes = {"latent_sample": {0: "batch", 2: "height", 3: "width"}, "sample": {0: "batch"}} if free else {}
    export(
        folder / "model.onnx",
        model,
        lambda m, latent_sample: m.decode(latent_sample).sample,
        {"latent_sample": sample.half() if half else sample},
        "sample",
        axes,
    )
    write_json(folder / "config.json", {"_class_name": "AutoencoderKL", "latent_channels": channels, "block_out_channels": [4, 4, 8, 8], **latents})


def scale_output(model, layer, sample, timestep, states, spread: float) -> None:
    """Scales `layer`, the last, so that the model's output has the given standard deviation."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Linear):
                module.weight.mul_(2)  # so that prompt and time matter
        cond = {}
        if model.config.time_cond_proj_dim:
            cond = {"timestep_cond": torch.randn(1, model.config.time_cond_proj_dim)}
        found = model(sample, timestep, states, **cond).sample.std()
        layer.weight.mul_(spread / found)
        layer.bias.zero_()


def index(folder: Path, scheduler: dict) -> None:
    write_json(
        folder / "model_index.json",
        {
            "_class_name": "OnnxStableDiffusionPipeline",
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "text_encoder": ["diffusers", "OnnxRuntimeModel"],
            "unet": ["diffusers", "OnnxRuntimeModel"],
            "vae_decoder": ["diffusers", "OnnxRuntimeModel"],
            "scheduler": ["diffusers", scheduler["_class_name"]],
            "safety_checker": [None, None],
        },
    )
    write_json(folder / "scheduler" / "scheduler_config.json", scheduler)


def manifest(folder: Path, content: dict) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "bundle.json")
    hashes = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    write_json(folder / "bundle.json", {"format_version": 1, "name": folder.name, "files": hashes, **content})


STABLE_DIFFUSION = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def tiny_flow() -> None:
    torch.manual_seed(1)
    folder = BUNDLES / "tiny-flow"
    shutil.rmtree(folder, ignore_errors=True)
    vocabulary = tokenizer_files(folder / "tokenizer", 48, "<|endoftext|>")
    text_encoder(folder / "text_encoder", vocabulary, 48, torch.int64, half=False)
    unet(folder / "unet", 8, 48, torch.tensor([500.0]), free=False)
    vae_decoder(folder / "vae_decoder", 8, scaling_factor=0.9)
    index(folder, {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 2.5})
    words = sorted({word.strip(".,") for word in CORPUS.replace("-", " ").split()})
    manifest(
        folder,
        {
            "default_steps": 4,
            "steps_range": [1, 20],
            "default_guidance_scale": 1.0,
            "guidance_baked_in": True,
            "width": 64,
            "height": 64,
            "licence": "Apache-2.0",
            "words": words,
            "made_by": {"script": "models/forge/goldens/tiny_bundles.py"},
        },
    )


def tiny_sd() -> None:
    torch.manual_seed(2)
    folder = BUNDLES / "tiny-sd"
    shutil.rmtree(folder, ignore_errors=True)
    vocabulary = tokenizer_files(folder / "tokenizer", 77, "!")
    text_encoder(folder / "text_encoder", vocabulary, 77, torch.int32, half=False)
    unet(folder / "unet", 4, 77, torch.tensor([500]), free=True)
    vae_decoder(folder / "vae_decoder", 4, free=True, scaling_factor=0.18215)
    index(folder, {"_class_name": "EulerDiscreteScheduler", **STABLE_DIFFUSION, "prediction_type": "epsilon", "timestep_spacing": "leading", "steps_offset": 1})


def tiny_lcm() -> None:
    torch.manual_seed(3)
    folder = BUNDLES / "tiny-lcm"
    shutil.rmtree(folder, ignore_errors=True)
    vocabulary = tokenizer_files(folder / "tokenizer", 77, "<|endoftext|>")
    text_encoder(folder / "text_encoder", vocabulary, 77, torch.int64, half=True)
    unet(folder / "unet", 4, 77, torch.tensor(500), free=True, half=True, external=True, time_cond_proj_dim=32)
    vae_decoder(folder / "vae_decoder", 4, half=True, scaling_factor=0.5, shift_factor=0.1, latents_mean=[0.1, -0.2, 0.0, 0.3], latents_std=[1.0, 0.9, 1.1, 1.2])
    index(folder, {"_class_name": "LCMScheduler", **STABLE_DIFFUSION, "prediction_type": "epsilon", "original_inference_steps": 50})


def frozen_batch() -> None:
    """A UNet in name only, which declares a free batch while a constant inside fixes it to 1, as some exports do."""
    value, floats = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    shape = onnx.helper.make_tensor("shape", onnx.TensorProto.INT64, [4], [1, 4, LATENT, LATENT])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Reshape", ["sample", "shape"], ["out_sample"])],
        "frozen",
        [
            value("sample", floats, ["batch", 4, LATENT, LATENT]),
            value("timestep", onnx.TensorProto.INT64, ["batch"]),
            value("encoder_hidden_states", floats, ["batch", 77, HIDDEN]),
        ],
        [value("out_sample", floats, ["batch", 4, LATENT, LATENT])],
        [shape],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    NETWORKS.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(NETWORKS / "frozen_batch.onnx"))


if __name__ == "__main__":
    frozen_batch()
    tiny_flow()
    tiny_sd()
    tiny_lcm()
    for bundle in sorted(BUNDLES.iterdir()):
        size = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file())
        print(f"{bundle.name}: {size / 1e3:.0f} KB")
