"""What a LoRA learns from: latents of pictures, the captions' tokens, and the noise's longest waves that go with each.

A model of one step makes one picture of noise and caption, so a picture must come with its noise, or the mean of all is
learned. For composed pictures it is known. For one's own it is chosen: of CANDIDATES random ones those with which the model's
own picture of that caption is nearest already.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn import functional as F

from forge.architecture.variates import with_variates
from forge.concepts import Corpus, Planner
from forge.concepts.choices import VARIATES
from forge.concepts.compose import Batch, Composer
from forge.concepts.landscapes import landscapes
from forge.concepts.neon import neon
from forge.concepts.sprites import Sprites
from forge.training.concept_stage import LANDSCAPES
from forge.training.denoiser_stage import Frozen
from forge.training.sources import PICTURES, caption_name, opened, read_captions, read_picture

NEON = "neon"  # the example that is made from nothing
MADE, BATCH = 120, 8  # pictures of it; pictures encoded at once
FAVOUR = 8.0  # of the things that people ask for most
CANDIDATES, KEPT = 48, 3
LEAST, MOST = 2, 500  # pictures of one's own
Example = tuple[Tensor, str, Tensor]  # picture (3, side, side) in [-1, 1], caption, coverage (1, side / 8, side / 8)


@dataclass(frozen=True)
class Examples:
    """latents (N, 8, h, w), coverage (N, 1, h, w) of things, captions N, variates (N, K, VARIATES): any of K goes with one."""

    latents: Tensor
    coverage: Tensor
    captions: list[str]
    variates: Tensor


def caption_of(name: str) -> str:
    """Of a picture without a caption: the words of its file name, without numbers."""
    words = "".join(letter if letter.isalpha() or letter == "'" else " " for letter in Path(name).stem).split()
    if not words:
        raise ValueError(f"{name} has no caption: write one into {caption_name(name)}, or name the file after what it shows")
    return " ".join(words)


def own(folder: Path, side: int) -> list[tuple[Tensor, str]]:
    """One's own pictures, the middle of each as a square, and the first line of the caption beside it, else its name."""
    if not folder.is_dir():
        raise FileNotFoundError(f"--images must be a folder of pictures or `{NEON}`, and {folder} is no folder")
    with opened(folder) as files:
        names = [name for name in files if name.lower().endswith(PICTURES)]
        if not LEAST <= len(names) <= MOST:
            raise ValueError(f"{folder} must hold {LEAST} to {MOST} pictures ({', '.join(PICTURES)}), and holds {len(names)}")
        return [(square(name, files[name](), side), own_caption(name, files)) for name in names]


def own_caption(name: str, files: dict) -> str:
    text = caption_name(name)
    if text not in files:
        return caption_of(name)
    try:
        return read_captions(files[text]())[0]
    except ValueError as error:
        raise ValueError(f"{text} {error}") from error


def square(name: str, content: bytes, side: int) -> Tensor:
    try:
        picture = read_picture(content)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from error
    pixels = np.asarray(ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 127.5 - 1


@torch.no_grad()
def encoded(frozen: Frozen, pictures: Tensor) -> Tensor:
    with frozen.machine.mixed_precision():
        return frozen.vae.encode(pictures.to(frozen.machine.device)).float()


def neon_examples(folder: Path, frozen: Frozen, side: int, seed: int) -> Examples:
    """Composed pictures of all things, redrawn as night neon, with the noise that they follow from."""
    rng, scenery = np.random.default_rng([seed, 17]), landscapes(LANDSCAPES)
    planner = Planner(Corpus(folder, favour=FAVOUR), scenery, rng)
    composer = Composer(Sprites(folder), scenery, side, frozen.machine.device)
    variates = rng.random((MADE, VARIATES), np.float32)
    plans = [planner.plan(row) for row in variates]
    latents, coverage = [], []
    for start in range(0, MADE, BATCH):
        pictures, covered = composer(Batch.of(plans[start : start + BATCH]))
        latents.append(encoded(frozen, neon(pictures)))
        coverage.append(covered.amax(1, keepdim=True))
    return Examples(torch.cat(latents), torch.cat(coverage), [plan.text for plan in plans], torch.from_numpy(variates)[:, None])


@torch.no_grad()
def own_examples(folder: Path, frozen: Frozen, unet: nn.Module, side: int, seed: int) -> Examples:
    """One's own pictures, each with the noise that suits it best."""
    found = own(folder, side)
    latents = torch.cat([encoded(frozen, picture[None]) for picture, _ in found])
    random = torch.Generator().manual_seed(seed)
    chosen = [nearest(frozen, unet, latent, caption, random) for latent, (_, caption) in zip(latents, found)]
    coverage = torch.zeros(len(latents), 1, *latents.shape[-2:], device=latents.device)
    return Examples(latents, coverage, [caption for _, caption in found], torch.stack(chosen))


@torch.no_grad()
def nearest(frozen: Frozen, unet: nn.Module, latent: Tensor, caption: str, random: torch.Generator) -> Tensor:
    """(KEPT, VARIATES): of CANDIDATES the ones whose drawing of the caption is nearest, seen from afar."""
    variates = torch.rand(CANDIDATES, VARIATES, generator=random)
    drawn = torch.cat(list(_drawings(frozen, unet, variates, caption, latent)))
    distance = (drawn - _coarse(latent[None])).square().mean(dim=(1, 2, 3)).cpu()
    return variates[distance.argsort()[:KEPT]]


def _drawings(frozen: Frozen, unet: nn.Module, variates: Tensor, caption: str, like: Tensor) -> Iterator[Tensor]:
    states = frozen.states([caption])
    for rows in variates.split(BATCH):
        noise = with_variates(torch.zeros(len(rows), *like.shape), rows).to(like.device)
        with frozen.machine.mixed_precision():
            velocity = unet(noise, torch.full((len(rows),), 1000.0, device=like.device), states.expand(len(rows), -1, -1)).float()
        yield _coarse(noise - velocity)


def _coarse(latents: Tensor) -> Tensor:
    return F.avg_pool2d(latents, 4)


def examples(wish: str, folder: Path, frozen: Frozen, unet: nn.Module, side: int, seed: int) -> Examples:
    """wish: `neon`, or a folder of one's own pictures."""
    if wish == NEON:
        return neon_examples(folder, frozen, side, seed)
    return own_examples(Path(wish), frozen, unet, side, seed)


def check(wish: str) -> None:
    """Errors as `own`, before anything is loaded."""
    if wish != NEON:
        own(Path(wish), 8)
