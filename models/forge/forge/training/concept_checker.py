"""Stage `concepts-checker`: reads composed pictures, until it is a fair judge of what a model drew.

It never sees a generated picture, nor one that it is measured on; held-out pairs it does see, as the checker of scenes
does (docs/adr/0006): it measures the model and teaches it nothing.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forge.concepts import Corpus, Planner, assets
from forge.concepts.attributes import accuracies, heads, labels
from forge.concepts.compose import Batch, Composer
from forge.concepts.landscapes import Landscape, landscapes
from forge.concepts.plans import Plan
from forge.concepts.sprites import Sprites

from . import checkpoint
from .picture_tower import FEATURES, PictureTower
from .resumable import Resumable
from .run import Average, Clock, Losses, Machine, learning_rate
from .settings import check
from .text_stage import augment

BATCH, PEAK = 64, 1e-3
SIZE = 256  # pixels that pictures are composed at
NEW = 16  # pictures composed for each step
KEPT = 3000  # pictures, of which each batch is drawn
LANDSCAPES = 320
HELD_OUT_SHARE = 0.15  # of the pictures hold a pair that no denoiser saw
FIRST_PLAN, FIRST_DRAWN = 31_000, 32_000  # seeds of pictures that are learned from, and measured on


class ConceptChecker(nn.Module):
    """A picture tower with a head for each thing that a plan says."""

    def __init__(self, things: int):
        super().__init__()
        self.things = things
        self.tower = PictureTower()
        self.heads = nn.ModuleDict({name: nn.Linear(FEATURES, choices) for name, choices in heads(things).items()})

    def forward(self, pictures: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """pictures (B, 3, H, W) in [-1, 1] → logits (B, choices) per head, features (B, 256)."""
        features = self.tower.features(pictures)
        return {name: head(features) for name, head in self.heads.items()}, features


class Reservoir:
    """The last composed pictures with their labels; new ones take the places of random ones."""

    def __init__(self, folder: Path, seed: int, first: bool):
        self.rng = np.random.default_rng(seed)
        self.corpus, self.scenery = Corpus(folder, only_first=first), landscapes(LANDSCAPES)
        self.composer = Composer(Sprites(folder), self.scenery, SIZE)
        self.planners = [Planner(self.corpus, self.scenery, self.rng, held_out=held_out) for held_out in (False, True)]
        self.pictures: list[Tensor] = []
        self.plans: list[Plan] = []

    def add(self, count: int) -> None:
        plans = [self.planners[int(self.rng.random() < HELD_OUT_SHARE)].plan() for _ in range(count)]
        pictures = self.composer(Batch.of(plans))[0].half()
        for picture, plan in zip(pictures, plans):
            if len(self.plans) < KEPT:
                self.pictures.append(picture)
                self.plans.append(plan)
            else:
                place = int(self.rng.integers(KEPT))
                self.pictures[place], self.plans[place] = picture, plan

    def batch(self, count: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Pictures (B, 3, SIZE, SIZE) and their labels."""
        chosen = self.rng.integers(len(self.plans), size=count)
        return (torch.stack([self.pictures[index] for index in chosen]).float(),
                labels([self.plans[index] for index in chosen], self.scenery, len(self.corpus)))


class ConceptCheckerTraining:
    """One run of the stage, saved every few minutes and resumed from there."""

    def __init__(self, run: Path, folder: Path, minutes: float, machine: Machine, seed: int, first: bool = False):
        told = assets.check(folder)
        torch.manual_seed(seed)
        self.run, self.machine = run, machine
        self.model = machine.place(ConceptChecker(told["concepts"]))
        self.average = Average(self.model, 0.998)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=PEAK, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
        wanted = {"data": "concepts", "seed": seed, "first": first, "sprites_sha256": told["sprites_sha256"]}
        self.resumable = Resumable(run / "concepts-checker-training", self.model, self.average, self.optimizer, wanted)
        state = self.resumable.resume() or {"step": 0, "seconds": 0.0}
        self.step, self.clock = state["step"], Clock(minutes, state["seconds"])
        self.losses = Losses(run / "logs/concepts-checker.csv", 50)
        self.source = Reservoir(folder, FIRST_PLAN + self.step, first)

    def train(self) -> None:
        self.source.add(4 * BATCH)
        while self.clock.progress() < 1:
            self._step(self.clock.progress())
            if self.resumable.due():
                self.save()
        self.save()

    def save(self) -> None:
        state = {"stage": "concepts-checker", "step": self.step, "seconds": self.clock.spent()}
        self.resumable.save(state)
        checkpoint.save(self.run / "concepts-checker", self.average.weights, self.resumable.wanted | state)

    def _step(self, progress: float) -> None:
        rate = learning_rate(self.step, progress, PEAK, floor=0.02, decay_from=0.5)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.source.add(NEW)
        pictures, truth = self.source.batch(BATCH)
        truth = {name: label.to(self.machine.device) for name, label in truth.items()}
        with self.machine.mixed_precision():
            logits, _ = self.model(augment(pictures.to(self.machine.device), self.source.rng))
        loss = torch.stack([F.cross_entropy(logits[name].float(), truth[name]) for name in logits]).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.model)
        self.step += 1
        right = accuracies(logits, truth, self.model.things)
        self.losses.add(self.step, BATCH, rate, loss=loss.item(), **{name: right.get(name, 0.0) for name in ("thing", "colour", "place")})


def load(run: Path, folder: Path, machine: Machine) -> ConceptChecker:
    """The run's checker, for the things of these assets; errors as `checkpoint.load`."""
    told = assets.check(folder)
    tensors, state = checkpoint.load(run / "concepts-checker")
    check(run / "concepts-checker", state, {"sprites_sha256": told["sprites_sha256"]})
    model = machine.place(ConceptChecker(told["concepts"])).eval().requires_grad_(False)
    checkpoint.load_into(model, tensors, run / "concepts-checker")
    return model


def drawn(folder: Path, scenery: tuple[Landscape, ...], plans: list[Plan], size: int) -> Tensor:
    """The program's own pictures of the plans, (B, 3, size, size) in [-1, 1]."""
    composer = Composer(Sprites(folder), scenery, size)
    return torch.cat([composer(Batch.of(plans[start : start + 16]))[0] for start in range(0, len(plans), 16)])
