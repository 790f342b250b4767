"""Stage `checker`: the CLIP's picture tower goes on learning attributes alone, until it is a fair judge.

It never sees a generated picture, and no picture that it is measured on. Held-out combinations it does see, in
pictures of its own (Split.ANY): it measures the model and teaches it nothing (docs/adr/0006).
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from forge.scenes import Split

from . import checkpoint, pool
from .attributes import accuracies, attribute_loss, labels
from .picture_tower import PictureTower
from .resumable import Resumable
from .run import Average, Clock, Losses, Machine, learning_rate
from .settings import check
from .text_stage import augment, to_pictures

BATCH, PEAK = 64, 1e-3


class CheckerTraining:
    """One run of the stage; it starts from the text stage's picture tower."""

    def __init__(self, run: Path, pool_folder: Path, minutes: float, machine: Machine, seed: int):
        torch.manual_seed(seed)
        self.run, self.machine = run, machine
        if pool.data(pool_folder) == "own":
            raise ValueError(f"stage `checker` learns the attributes of drawn scenes, and {pool_folder} holds imported "
                             "pictures: nobody knows theirs")
        self.pool = pool.Pool(pool_folder, 256, Split.ANY)
        wanted = settings(self.pool.data, seed)
        self.tower = machine.place(PictureTower())
        spent = self._start(wanted)
        self.first = self.step
        self.average = Average(self.tower, 0.998)
        self.optimizer = torch.optim.AdamW(
            self.tower.parameters(), lr=PEAK, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
        self.resumable = Resumable(run / "checker-training", self.tower, self.average, self.optimizer, wanted)
        state = self.resumable.resume(least=self.step)
        if state:
            self.step, self.samples, spent = state["step"], state["samples"], state["seconds"]
            self.first = state["first"]
        self.clock = Clock(minutes, spent)
        self.losses = Losses(run / "logs/checker.csv", 50)
        self.rng = np.random.default_rng([seed, self.step])

    def _start(self, wanted: dict) -> float:
        self.step, self.samples = 0, 0
        folder = self.run / "checker"
        if not checkpoint.exists(folder):
            source = self.run / "text"
            checkpoint.load_into(self.tower, checkpoint.part("pictures", checkpoint.load(source)[0]), source)
            return 0.0
        tensors, state = checkpoint.load(folder)
        check(folder, state, wanted)
        checkpoint.load_into(self.tower, tensors, folder)
        self.step, self.samples = state["step"], state["samples"]
        return state["seconds"]

    def train(self) -> None:
        while self.clock.progress() < 1:
            self._step()
            if self.resumable.due():
                self.save()
        self.save()

    def save(self) -> None:
        state = {"stage": "checker", "step": self.step, "samples": self.samples, "seconds": self.clock.spent()}
        self.resumable.save(state | {"first": self.first})
        checkpoint.save(self.run / "checker", self.average.weights, self.resumable.wanted | state)

    def _step(self) -> None:
        rate = learning_rate(self.step - self.first, self.clock.progress(), PEAK, floor=0.02, decay_from=0.5)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        indices = self.rng.integers(len(self.pool), size=BATCH)
        truth = {name: label.to(self.machine.device)
                 for name, label in labels([self.pool.records[int(index)] for index in indices]).items()}
        with self.machine.mixed_precision():
            pictures = augment(to_pictures(self.pool.batch(indices), self.machine), self.rng)
            logits = self.tower.attributes(self.tower.features(pictures))
        loss = attribute_loss(logits, truth)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.tower.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.tower)
        self.step, self.samples = self.step + 1, self.samples + BATCH
        right = accuracies(logits, truth)
        self.losses.add(self.step, BATCH, rate, loss=loss.item(), kind=right["kind"], colour=right["colour"],
                        size=right["size"])


def settings(data: str, seed: int) -> dict:
    """What a run that goes on must have in common with the checkpoint."""
    return {"data": data, "seed": seed}
