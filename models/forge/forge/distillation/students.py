"""Which denoisers a run may hold, how they are loaded, and what is known of each."""

from pathlib import Path

from torch import nn

from forge.architecture import Preset, UNet
from forge.stages import DENOISERS
from forge.training import checkpoint
from forge.training.settings import fingerprint


def latest(run: Path) -> str:
    """The stage whose denoiser is the run's last word: one step, else eight, else the teacher."""
    return next((stage for stage in reversed(DENOISERS) if checkpoint.exists(run / stage)), "denoiser")


def load_unet(run: Path, stage: str, preset: Preset) -> tuple[UNet, dict]:
    """The stage's denoiser in fp32 on the CPU, and what the checkpoint remembers.

    FileNotFoundError when there is none, ValueError when it is of another architecture.
    """
    if stage not in DENOISERS:
        raise ValueError(f"stage must be one of {', '.join(DENOISERS)}, got {stage!r}")
    tensors, state = checkpoint.load(run / stage)
    unet = UNet(preset.unet)
    checkpoint.load_into(unet, checkpoint.part("unet", tensors), run / stage)
    return unet.eval().requires_grad_(False), state


def identity(unet: nn.Module) -> str:
    """A short name of the weights; an fp16 copy of them has the same."""
    return fingerprint(unet.state_dict())
