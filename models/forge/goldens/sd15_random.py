"""Stable Diffusion 1.5 at full size with random weights, for timing against: `python sd15_random.py FOLDER`.

Four gigabytes, never committed. It draws noise; its tokenizer is the tiny bundles'.
"""

import shutil
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from tiny_bundles import STABLE_DIFFUSION, Named, index, manifest, tokenizer_files, write_json


def export(folder: Path, model, call, inputs: dict, output: str) -> None:
    """Beyond 2 GB, which no ONNX file may have, the exporter puts each tensor into a file of its own beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        Named(model, call).eval(), tuple(inputs.values()), str(folder / "model.onnx"), input_names=list(inputs),
        output_names=[output], opset_version=17, dynamo=False)


def main(folder: Path) -> None:
    torch.manual_seed(0)
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer_files(folder / "tokenizer", 77, "<|endoftext|>")
    text = CLIPTextModel(CLIPTextConfig(
        vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
        max_position_embeddings=77, attn_implementation="eager"))
    export(folder / "text_encoder", text, lambda m, input_ids: m(input_ids=input_ids).last_hidden_state,
           {"input_ids": torch.full((1, 77), 1, dtype=torch.int64)}, "last_hidden_state")
    write_json(folder / "text_encoder" / "config.json", {"_class_name": "CLIPTextModel", "hidden_size": 768})
    config = dict(sample_size=64, in_channels=4, out_channels=4, cross_attention_dim=768, attention_head_dim=8)
    unet = UNet2DConditionModel(**config)
    unet.set_default_attn_processor()
    export(folder / "unet", unet, lambda m, sample, time, states: m(sample, time, states, return_dict=False)[0],
           {"sample": torch.randn(1, 4, 64, 64), "timestep": torch.tensor([500]),
            "encoder_hidden_states": torch.randn(1, 77, 768)}, "out_sample")
    write_json(folder / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", **config})
    shape = dict(latent_channels=4, block_out_channels=(128, 256, 512, 512))
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=2,
        sample_size=512, **shape)
    vae.set_default_attn_processor()
    export(folder / "vae_decoder", vae, lambda m, latent_sample: m.decode(latent_sample).sample,
           {"latent_sample": torch.randn(1, 4, 64, 64)}, "sample")
    write_json(folder / "vae_decoder" / "config.json", {"_class_name": "AutoencoderKL", "scaling_factor": 0.18215, **shape})
    index(folder, {"_class_name": "EulerDiscreteScheduler", **STABLE_DIFFUSION, "prediction_type": "epsilon"})
    manifest(folder, {"default_steps": 1, "default_guidance_scale": 1.0, "guidance_baked_in": True,
                      "made_by": {"purpose": "benchmark artefact: random weights, draws noise"}})


if __name__ == "__main__":
    with torch.no_grad():
        main(Path(sys.argv[1]))
