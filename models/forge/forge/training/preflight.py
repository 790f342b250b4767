"""Whether a run's folder fits what it is asked to go on with: asked once, before anything is drawn or trained."""

from pathlib import Path

import torch
from torch import nn

from forge.architecture import Preset, Vae
from forge.stages import seed_of

from . import checker_stage, checkpoint, denoiser_stage, text_stage, vae_stage
from .picture_tower import PictureTower
from .run import Machine
from .settings import check
from .text_stage import TextTeacher


def check_run(run: Path, preset: Preset, data: str, seed: int | None) -> None:
    """ValueError names the first checkpoint of the run that is damaged, of another architecture, made with other
    settings, or trained against another text tower or autoencoder than lies beside it."""
    if preset.vae is None:
        raise ValueError(f"preset {preset.name} has no autoencoder: it serves `count` only")

    def start(stage: str) -> int:
        return seed_of(stage, seed)

    if preset.unet.memory:  # text tower and denoiser are of one stage there, which checks its own checkpoint
        check_frozen(run, preset)
        return
    with torch.device("meta"):
        text = nn.ModuleDict({"text": TextTeacher(preset), "pictures": PictureTower()})
        expected = {
            "text": (text, text_stage.settings(preset, data, start("text"))),
            "vae": (Vae(preset.vae), vae_stage.settings(preset, data, start("vae"))),
            "denoiser": (denoiser_stage.Denoising(preset),
                         denoiser_stage.settings(preset, data, start("denoiser"))),
            "checker": (PictureTower(), checker_stage.settings(data, start("checker")))}
    if (run / "tokenizer").exists():
        text_stage.read_tokenizer(run / "tokenizer", preset)
    for stage, (module, wanted) in expected.items():
        check_stage(run / stage, "", module, wanted)
        check_stage(run / f"{stage}-training", "model", module, wanted)
    check_frozen(run, preset)


def check_stage(folder: Path, prefix: str, module: nn.Module, wanted: dict) -> None:
    if checkpoint.exists(folder):
        check(folder, checkpoint.read_state(folder), wanted)
        shapes = checkpoint.shapes(folder)
        checkpoint.check_fits(module, checkpoint.part(prefix, shapes) if prefix else shapes, folder)


def check_frozen(run: Path, preset: Preset) -> None:
    """The denoiser's weights mean nothing with another text tower, tokenizer or encoder."""
    for folder in (run / "denoiser", run / "denoiser-training"):
        if checkpoint.exists(folder):
            frozen = denoiser_stage.Frozen(run, preset, Machine(torch.device("cpu"), False))
            check(folder, checkpoint.read_state(folder), {"frozen": frozen.fingerprints()})
