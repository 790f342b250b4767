"""`tiny-lora`: a bundle whose networks keep the names that exporters give, two LoRAs for it, and pictures drawn with them.

The LoRAs' weights are put into the networks by diffusers and peft, in PyTorch, and those networks are exported; so what
the runtime makes of the files is held against the libraries that define their formats.
"""

import json
import shutil
import tempfile
from pathlib import Path

import onnx
import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from paths import BUNDLES, GOLDENS
from pictures import picture
from tiny_bundles import HIDDEN, LATENT, STABLE_DIFFUSION, index, scale_output, write_json

TOKENS = 77
PROMPT, SEED, STEPS, SCALE = "a red house by the sea at sunset", 21, 5, 5.0
CASES = [("kohya", {"kohya": 0.8}), ("peft", {"peft": 1.0}), ("both", {"kohya": 0.7, "peft": -0.5})]

UNET = dict(
    sample_size=LATENT,
    in_channels=4,
    out_channels=4,
    layers_per_block=1,
    block_out_channels=(8, 16),
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    cross_attention_dim=HIDDEN,
    attention_head_dim=2,
    norm_num_groups=4,
)


def networks(vocabulary: int) -> tuple[CLIPTextModel, UNet2DConditionModel]:
    torch.manual_seed(4)
    encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=HIDDEN,
            intermediate_size=2 * HIDDEN,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=TOKENS,
            eos_token_id=vocabulary - 1,
            bos_token_id=vocabulary - 2,
            attn_implementation="eager",
        )
    )
    for parameter in encoder.parameters():
        if parameter.ndim > 1:
            parameter.data = torch.randn_like(parameter) * 0.3
    unet = UNet2DConditionModel(**UNET)
    states = torch.randn(1, TOKENS, HIDDEN)
    scale_output(unet, unet.conv_out, torch.randn(1, 4, LATENT, LATENT), torch.tensor([500]), states, 1.0)
    return encoder.eval(), unet.eval()


def export(path: Path, model, inputs: dict, output: str, axes: dict) -> None:
    """As the exporter writes it: names of nodes are what LoRAs are matched by."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(model, UNet2DConditionModel):
        model.forward, whole = (lambda *given: whole(*given, return_dict=False)[0]), model.forward
    else:
        model.forward, whole = (lambda ids: whole(input_ids=ids).last_hidden_state), model.forward
    torch.onnx.export(
        model, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=[output], dynamic_axes=axes, opset_version=17, dynamo=False
    )
    model.forward = whole
    graph = onnx.load(str(path))
    for node in graph.graph.node:
        node.doc_string = ""
    del graph.graph.value_info[:]
    onnx.save(graph, str(path))


def bundle(folder: Path, encoder, unet) -> None:
    shutil.copytree(BUNDLES / "tiny-sd" / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    shutil.copytree(BUNDLES / "tiny-sd" / "vae_decoder", folder / "vae_decoder", dirs_exist_ok=True)
    ids = torch.zeros((1, TOKENS), dtype=torch.int64)
    export(folder / "text_encoder" / "model.onnx", encoder, {"input_ids": ids}, "last_hidden_state", {"input_ids": {0: "batch"}})
    inputs = {"sample": torch.randn(1, 4, LATENT, LATENT), "timestep": torch.tensor([500]), "encoder_hidden_states": torch.randn(1, TOKENS, HIDDEN)}
    axes = {name: {0: "batch"} for name in inputs} | {"out_sample": {0: "batch"}}
    export(folder / "unet" / "model.onnx", unet, inputs, "out_sample", axes)
    write_json(folder / "text_encoder" / "config.json", {"_class_name": "CLIPTextModel", "hidden_size": HIDDEN, "max_position_embeddings": TOKENS})
    write_json(folder / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", **UNET})
    index(folder, {"_class_name": "EulerDiscreteScheduler", **STABLE_DIFFUSION, "prediction_type": "epsilon", "timestep_spacing": "leading", "steps_offset": 1})


def layers(model, wanted: tuple[str, ...]) -> dict[str, torch.nn.Module]:
    return {name: module for name, module in model.named_modules() if name.endswith(wanted)}


def factors(module, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Down (rank, in, kernel) and up (out, rank, 1): random, and strong enough to be seen."""
    out, wide, *kernel = module.weight.shape
    down = torch.randn(rank, wide, *kernel) / wide**0.5
    return down, torch.randn(out, rank, *[1] * len(kernel)) * 0.3


def kohya(encoder, unet) -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    tensors = {}
    chosen = [("lora_unet_", layers(unet, ("to_q", "to_out.0", "ff.net.0.proj", "proj_in", "resnets.0.conv1")))]
    chosen += [("lora_te_text_model_", layers(encoder, ("q_proj", "fc1")))]
    for prefix, found in chosen:
        for name, module in found.items():
            key = prefix + name.removeprefix("text_model.").replace(".", "_")
            down, up = factors(module, 2)
            tensors |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.alpha": torch.tensor(3.0)}
    return tensors


def peft(encoder, unet) -> dict[str, torch.Tensor]:
    torch.manual_seed(6)
    tensors = {}
    for prefix, found in [("unet", layers(unet, ("to_k", "to_v"))), ("text_encoder.text_model", layers(encoder, ("v_proj",)))]:
        for name, module in found.items():
            down, up = factors(module, 3)
            key = f"{prefix}.{name.removeprefix('text_model.')}"
            tensors |= {f"{key}.lora_A.weight": down.half(), f"{key}.lora_B.weight": up.half()}
    return tensors


def fused(vocabulary: int, files: Path, weights: dict[str, float]):
    """UNet by diffusers and peft; text encoder by the formula, since diffusers 0.42 knows its layers by older names."""
    encoder, unet = networks(vocabulary)
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=4,
    )
    tokenizer = CLIPTokenizer.from_pretrained(BUNDLES / "tiny-sd" / "tokenizer")
    pipeline = StableDiffusionPipeline(
        vae, encoder, tokenizer, unet, EulerDiscreteScheduler(), None, None, requires_safety_checker=False
    )
    for name, weight in weights.items():
        tensors = load_file(files / f"{name}.safetensors")
        of_text = {key: value for key, value in tensors.items() if key.startswith(("lora_te_", "text_encoder."))}
        pipeline.load_lora_weights({key: tensors[key] for key in tensors.keys() - of_text.keys()}, adapter_name=name)
        add(encoder, of_text, weight)
    pipeline.set_adapters(list(weights), list(weights.values()))
    pipeline.fuse_lora(adapter_names=list(weights))
    pipeline.unload_lora_weights()
    return encoder.eval(), pipeline.unet.eval()


def add(encoder, tensors: dict[str, torch.Tensor], weight: float) -> None:
    modules = {name.replace(".", "_"): module for name, module in encoder.named_modules()}
    for key, down in tensors.items():
        if "lora_down" in key or "lora_A" in key:
            up = tensors[key.replace("lora_down", "lora_up").replace("lora_A", "lora_B")].float()
            layer = key.split(".lora_")[0]
            alpha = tensors.get(f"{layer}.alpha", torch.tensor(float(len(down))))
            found = modules[layer.replace(".", "_").split("text_model_")[1]]
            found.weight.data += weight * alpha / len(down) * up @ down.float()


def main() -> None:
    vocabulary = len(json.loads((BUNDLES / "tiny-sd" / "tokenizer" / "vocab.json").read_text(encoding="utf-8")))
    folder = GOLDENS / "lora" / "tiny-lora"
    shutil.rmtree(folder, ignore_errors=True)
    encoder, unet = networks(vocabulary)
    bundle(folder, encoder, unet)
    goldens = GOLDENS / "lora"
    goldens.mkdir(exist_ok=True)
    encoder, unet = networks(vocabulary)
    save_file(kohya(encoder, unet), goldens / "kohya.safetensors", {"ss_network_alpha": "3"})
    save_file(peft(encoder, unet), goldens / "peft.safetensors")
    draw = lambda where: Image.fromarray(picture(where, {}, PROMPT, "", SEED, STEPS, SCALE))
    draw(folder).save(goldens / "none.png")
    for name, weights in CASES:
        with tempfile.TemporaryDirectory() as scratch:
            bundle(Path(scratch), *fused(vocabulary, goldens, weights))
            draw(Path(scratch)).save(goldens / f"{name}.png")
    write_json(goldens / "cases.json", [{"name": name, "loras": weights} for name, weights in CASES])


if __name__ == "__main__":
    main()
