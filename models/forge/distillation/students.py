"""Which denoisers a run may hold, how they are loaded, and what is known of each."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from architecture import Preset, UNet
from training import checkpoint
from training.settings import fingerprint


@dataclass(frozen=True)
class Kind:
    """What a bundle says of the denoiser. Steps: by default, and the fewest and most that it was made for."""

    baked: bool  # guidance is part of the weights
    steps: int
    steps_range: tuple[int, int]


KINDS = {"denoiser": Kind(False, 16, (4, 50)), "eight-step": Kind(True, 8, (4, 16)), "one-step": Kind(True, 1, (1, 8))}


def latest(run: Path) -> str:
    """The stage whose denoiser is the run's last word: one step, else eight, else the teacher."""
    return next((stage for stage in reversed(KINDS) if checkpoint.exists(run / stage)), "denoiser")


def load_unet(run: Path, stage: str, preset: Preset) -> tuple[UNet, dict]:
    """The stage's denoiser in fp32 on the CPU, and what the checkpoint remembers.

    FileNotFoundError when there is none, ValueError when it is of another architecture.
    """
    if stage not in KINDS:
        raise ValueError(f"stage must be one of {', '.join(KINDS)}, got {stage!r}")
    tensors, state = checkpoint.load(run / stage)
    unet = UNet(preset.unet)
    checkpoint.load_into(unet, checkpoint.part("unet", tensors), run / stage)
    return unet.eval().requires_grad_(False), state


def identity(unet: nn.Module) -> str:
    """A short name of the weights; an fp16 copy of them has the same."""
    return fingerprint(unet.state_dict())
