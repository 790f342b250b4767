"""How well pictures follow their prompts, measured with the forge's own picture tower.

- attribute obedience: pictures drawn for held-out single-subject prompts, read by the checker; beside the checker's
  accuracy on the program's own held-out pictures, which is the ceiling of what it can see.
- CLIP score: the cosine of a picture and its caption in the joint space of the text stage's towers.
- Fréchet distance between drawn and generated pictures in the tower's 256 features (as FID, arXiv 1706.08500).
- diversity: mean distance of features between pictures of one prompt and different seeds.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from forge.architecture import Preset, UNet
from forge.sampling import draw_latents, initial_noise
from forge.scenes import Split, draw, full_caption, sample_single
from forge.training import checkpoint
from forge.training.attributes import accuracies, labels
from forge.training.denoiser_stage import Frozen
from forge.training.picture_tower import PictureTower
from forge.training.pool import scene_record
from forge.training.run import Machine
from forge.training.text_stage import TextTeacher, load_tokenizer, to_pictures

REPORTED = ("place", "time", "kind", "colour", "size", "side")


@dataclass(frozen=True)
class Prompts:
    """Held-out prompts with the scenes that they describe."""

    records: list[dict]
    texts: list[str]

    @staticmethod
    def sample(count: int, seed: int) -> "Prompts":
        rng = np.random.default_rng(seed)
        scenes = [sample_single(rng, Split.HELD_OUT) for _ in range(count)]
        return Prompts([scene_record(scene) for scene in scenes], [full_caption(scene, rng) for scene in scenes])


class Generator:
    """Prompts to pictures, as the server would draw them."""

    def __init__(self, frozen: Frozen, unet: UNet, preset: Preset, machine: Machine, *, steps: int, guidance: float,
                 shift: float, size: int, seed: int = 1000):
        self.frozen, self.unet, self.preset, self.machine = frozen, unet, preset, machine
        self.steps, self.guidance, self.shift, self.size, self.seed = steps, guidance, shift, size, seed

    @torch.no_grad()
    def pictures(self, prompts: list[str], batch: int = 8, seeds: list[int] | None = None) -> np.ndarray:
        """(N, size, size, 3) uint8; picture i starts from seed + i unless `seeds` are given."""
        seeds = seeds or [self.seed + index for index in range(len(prompts))]
        empty, made = self.frozen.states([""]), []
        for start in range(0, len(prompts), batch):
            states = self.frozen.states(prompts[start : start + batch])
            noise = initial_noise(seeds[start : start + batch], self.preset.unet.in_channels, self.size // 8)
            with self.machine.mixed_precision():
                latents = draw_latents(self.unet, states, empty, noise, steps=self.steps, guidance=self.guidance,
                                       shift=self.shift)
                pictures = self.frozen.vae.decode(latents)
            made.append(to_bytes(pictures))
        return np.concatenate(made)


def to_bytes(pictures: Tensor) -> np.ndarray:
    """(B, 3, H, W) in about [-1, 1] → (B, H, W, 3) uint8."""
    scaled = ((pictures.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).cpu().numpy()


@torch.no_grad()
def read(tower: PictureTower, pixels: np.ndarray, machine: Machine) -> tuple[dict[str, Tensor], Tensor]:
    """Attribute logits and features (N, 256) of pictures (N, H, W, 3) uint8."""
    logits: dict[str, list[Tensor]] = {}
    features = []
    for start in range(0, len(pixels), 32):
        part = tower.features(to_pictures(pixels[start : start + 32], machine))
        features.append(part)
        for name, values in tower.attributes(part).items():
            logits.setdefault(name, []).append(values)
    return {name: torch.cat(parts) for name, parts in logits.items()}, torch.cat(features)


def obedience(tower: PictureTower, pixels: np.ndarray, records: list[dict], machine: Machine) -> dict[str, float]:
    """Share of pictures whose attribute the checker reads as the record says it, per attribute, in [0, 1]."""
    logits, _ = read(tower, pixels, machine)
    truth = {name: label.to(machine.device) for name, label in labels(records).items()}
    scores = {name: value for name, value in accuracies(logits, truth).items() if name in REPORTED}
    right = torch.ones(len(records), dtype=torch.bool, device=machine.device)
    for name in ("place", "time", "kind", "colour"):
        right &= logits[name].argmax(1) == truth[name]
    return scores | {"all": right.float().mean().item()}


def drawn_pictures(records_seed: int, count: int, size: int) -> tuple[np.ndarray, list[dict], list[str]]:
    """The program's own pictures of held-out single-subject scenes, their records and captions."""
    rng = np.random.default_rng(records_seed)
    scenes = [sample_single(rng, Split.HELD_OUT) for _ in range(count)]
    return (np.stack([draw(scene, size).pixels for scene in scenes]), [scene_record(scene) for scene in scenes],
            [full_caption(scene, rng) for scene in scenes])


class Clip:
    """The text stage's two towers, which tell how near a picture is to its caption (arXiv 2104.08718)."""

    def __init__(self, run: Path, preset: Preset, machine: Machine):
        self.machine, self.tokens = machine, preset.text.tokens
        self.tokenizer = load_tokenizer(run / "tokenizer")
        tensors, _ = checkpoint.load(run / "text")
        self.text, self.pictures = TextTeacher(preset).to(machine.device).eval(), machine.place(PictureTower()).eval()
        checkpoint.load_into(self.text, checkpoint.part("text", tensors), run / "text")
        checkpoint.load_into(self.pictures, checkpoint.part("pictures", tensors), run / "text")

    @torch.no_grad()
    def score(self, texts: list[str], pixels: np.ndarray) -> float:
        """Mean cosine of captions and their pictures (N, H, W, 3) uint8, in [-1, 1]."""
        _, features = read(self.pictures, pixels, self.machine)
        ids = torch.tensor([self.tokenizer.encode(text, self.tokens) for text in texts], device=self.machine.device)
        captions = torch.cat([self.text.joint(self.text.pooled(part)) for part in ids.split(32)])
        return float(F.cosine_similarity(captions, self.pictures.joint(features)).mean())


def frechet(left: Tensor, right: Tensor) -> float:
    """Fréchet distance of two sets of features, (N, D) and (M, D), as of normal distributions."""
    if min(len(left), len(right)) < 2:
        raise ValueError(f"a Fréchet distance needs at least 2 pictures on each side, got {len(left)} and {len(right)}")
    left, right = left.double().cpu(), right.double().cpu()
    first, second = torch.cov(left.T), torch.cov(right.T)
    eigenvalues = torch.linalg.eigvals(first @ second)
    trace = first.trace() + second.trace() - 2 * eigenvalues.real.clamp_min(0).sqrt().sum()
    return float((left.mean(0) - right.mean(0)).square().sum() + trace)


def diversity(features: Tensor, seeds: int) -> float:
    """Mean distance between pictures of one prompt; features (prompts * seeds, D), a prompt's seeds side by side."""
    groups = features.unflatten(0, (-1, seeds))
    distances = torch.cdist(groups, groups)
    return float(distances.sum() / (len(groups) * seeds * (seeds - 1)))
