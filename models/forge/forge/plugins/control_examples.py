"""What the control adapter learns from: composed pictures in which captions do not say where things stand, their edges, and
what the frozen UNet made of the caption on its way down from noise that knows nothing of the layout.

The UNet's way down and its middle do not see the adapter, so their results are kept beside each picture and used again.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forge.architecture.variates import with_variates
from forge.concepts import Corpus, Planner
from forge.concepts.choices import NAMES, VARIATES
from forge.concepts.compose import Batch, Composer
from forge.concepts.landscapes import landscapes
from forge.concepts.lines import edges
from forge.concepts.plans import EDGE, GRID, SPANS, Plan
from forge.concepts.sprites import Sprites
from forge.training.concept_stage import FIRST, LANDSCAPES
from forge.training.denoiser_stage import Frozen

LAYOUT = slice(NAMES.index("x0"), None)  # variates that decide where things stand and how large they are
FARTHEST = 0.97  # share of the picture above which a thing ends


@dataclass(frozen=True)
class Examples:
    """latents (B, 8, h, w), coverage (B, S, h, w), slots (B, S, 7), edges (B, 1, H, W) bool, states (B, L, D), noise
    (B, 8, h, w), condition (B, T), middle and skips: what the UNet's way up takes."""

    latents: Tensor
    coverage: Tensor
    slots: Tensor
    edges: Tensor
    states: Tensor
    noise: Tensor
    condition: Tensor
    middle: Tensor
    skips: tuple[Tensor, ...]

    @staticmethod
    def rows(parts: list[tuple["Examples", int]]) -> "Examples":
        """A batch of single examples."""
        def joined(name: str) -> Tensor:
            return torch.stack([getattr(part, name)[row] for part, row in parts])

        skips = tuple(torch.stack([part.skips[level][row] for part, row in parts]) for level in range(len(parts[0][0].skips)))
        return Examples(**{name: joined(name) for name in Examples.__dataclass_fields__ if name != "skips"}, skips=skips)


def anywhere(plan: Plan, corpus: Corpus, rng: np.random.Generator) -> Plan:
    """A single thing somewhere else and of another size, on the grid and within the picture; other plans as they are."""
    if len(plan.slots) != 1:
        return plan
    slot = plan.slots[0]
    width, height = corpus.boxes[slot.thing, slot.style]
    span = float(rng.choice(SPANS))
    half, least = width * span / 2 + EDGE, height * span + 0.02
    x, bottom = rng.uniform(half, 1 - half), rng.uniform(least, max(least, FARTHEST))
    moved = replace(slot, x=round(x * GRID) / GRID, bottom=min(round(bottom * GRID) / GRID, FARTHEST), span=span)
    return replace(plan, slots=(moved,))


def says_no_place(plan: Plan) -> bool:
    """Whether the caption leaves open where the thing stands and how large it is."""
    return bool(plan.slots) and plan.side == "middle" and plan.size == "plain" and plan.relation != "on top"


class Maker:
    """Makes examples of one generator."""

    def __init__(self, folder: Path, frozen: Frozen, unet: nn.Module, size: int, rng: np.random.Generator, held_out: bool = False):
        self.frozen, self.unet, self.rng = frozen, unet, rng
        self.corpus, scenery = Corpus(folder, favour=FIRST.favour), landscapes(LANDSCAPES)
        self.planner = Planner(self.corpus, scenery, rng, held_out=held_out, simple=FIRST.simple)
        self.composer = Composer(Sprites(folder), scenery, size, frozen.machine.device)
        self.captions: list[str] = []  # of the last examples

    def plans(self, count: int) -> tuple[list[Plan], np.ndarray]:
        """Plans, and noise variates that agree with them in all but the layout."""
        plans, variates = [], []
        while len(plans) < count:
            row = self.rng.random(VARIATES, np.float32)
            plan = self.planner.plan(row)
            if says_no_place(plan):
                plans.append(anywhere(plan, self.corpus, self.rng))
                row[LAYOUT] = self.rng.random(VARIATES - LAYOUT.start, np.float32)
                variates.append(row)
        return plans, np.stack(variates)

    @torch.no_grad()
    def make(self, count: int) -> Examples:
        plans, variates = self.plans(count)
        batch = Batch.of(plans)
        pictures, coverage = self.composer(batch)
        self.captions = [plan.text for plan in plans]
        with self.frozen.machine.mixed_precision():
            latents = self.frozen.vae.encode(pictures).float()
        states = self.frozen.states(self.captions)
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(int(self.rng.integers(2**40))))
        noise = with_variates(noise, torch.from_numpy(variates)).to(latents.device)
        t = torch.full((count,), 1000.0, device=latents.device)
        with self.frozen.machine.mixed_precision():
            condition = self.unet.condition(noise, t, states)
            middle, skips = self.unet.encode(noise, t, states)
        return Examples(latents, coverage, batch.slots.to(latents.device), edges(pictures), states, noise, condition.bfloat16(),
                        middle.bfloat16(), tuple(skip.bfloat16() for skip in skips))
