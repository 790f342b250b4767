"""Bundles with random weights: what a preset weighs and how long it takes, without anybody having trained it."""

from dataclasses import replace
from pathlib import Path

import torch

from forge.architecture import TextTower, UNet, Vae, preset
from forge.tokens import bpe

from .bundle import export_bundle, flow_match_scheduler


def export_random_bundle(folder: Path, preset_name: str, seed: int = 0, half: bool = True) -> None:
    """Writes a benchmark artefact of the preset: real sizes and operations, seeded random weights. It draws noise.

    Its tokenizer knows single bytes only, in a vocabulary of the preset's size. ValueError for presets without a VAE.
    """
    entry = preset(preset_name)
    if entry.vae is None:
        raise ValueError(f"preset {preset_name} has no VAE of its own, so there is no bundle of it")
    torch.manual_seed(seed)
    with torch.no_grad():
        text, unet, vae = TextTower(entry.text), UNet(entry.unet), Vae(entry.vae)
        torch.nn.init.normal_(unet.conv_out.weight, std=0.02)  # zero in a fresh network, and so would be its output
    tokenizer = bpe.learn([], entry.text.vocabulary)
    card = {
        "name": f"{preset_name}-random", "default_steps": 1, "default_guidance_scale": 1.0, "guidance_baked_in": True,
        "licence": "Apache-2.0", "words": [],
        "made_by": {"purpose": "benchmark artefact: random weights, draws noise", "preset": preset_name, "seed": seed}}
    named = replace(entry, name=card["name"])
    export_bundle(folder, named, text.eval(), unet.eval(), vae.eval(), tokenizer.files(entry.text.tokens),
                  flow_match_scheduler(1.0), card, half=half)
