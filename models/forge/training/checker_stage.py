"""Stage `checker`: the CLIP's picture tower goes on learning attributes alone, until it is a fair judge.

It never sees a generated picture, nor a held-out combination.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from scenes import Split

from . import checkpoint
from .attributes import accuracies, attribute_loss, labels
from .picture_tower import PictureTower
from .pool import Pool
from .run import Average, Clock, Losses, Machine, learning_rate
from .text_stage import augment, to_pictures

BATCH, PEAK = 64, 1e-3


def train(run: Path, pool_folder: Path, minutes: float, machine: Machine, seed: int = 5) -> None:
    """Trains, or goes on training, until the stage's budget is spent; writes run/checker."""
    torch.manual_seed(seed)
    pool = Pool(pool_folder, 256, Split.TRAIN)
    tower = machine.place(PictureTower())
    step, samples, spent = 0, 0, 0.0
    if checkpoint.exists(run / "checker"):
        tensors, state = checkpoint.load(run / "checker")
        checkpoint.load_into(tower, tensors, run / "checker")
        step, samples, spent = state["step"], state["samples"], state["seconds"]
    else:
        checkpoint.load_into(tower, checkpoint.part("pictures", checkpoint.load(run / "text")[0]), run / "text")
    clock = Clock(minutes, spent)
    average = Average(tower, 0.998)
    optimizer = torch.optim.AdamW(tower.parameters(), lr=PEAK, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    losses = Losses(run / "logs/checker.csv", 50)
    rng = np.random.default_rng([seed, step])
    first = step
    while clock.progress() < 1:
        rate = learning_rate(step - first, clock.progress(), PEAK, floor=0.02, decay_from=0.5)
        for group in optimizer.param_groups:
            group["lr"] = rate
        indices = rng.integers(len(pool), size=BATCH)
        truth = {name: label.to(machine.device)
                 for name, label in labels([pool.records[int(index)] for index in indices]).items()}
        with machine.bf16():
            logits = tower.attributes(tower.features(augment(to_pictures(pool.batch(indices), machine), rng)))
        loss = attribute_loss(logits, truth)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        optimizer.step()
        average.update(tower)
        step, samples = step + 1, samples + BATCH
        right = accuracies(logits, truth)
        losses.add(step, BATCH, rate, loss=loss.item(), kind=right["kind"], colour=right["colour"], size=right["size"])
    checkpoint.save(run / "checker", average.weights, {
        "stage": "checker", "step": step, "samples": samples, "seconds": clock.spent()})
