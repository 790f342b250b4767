"""Stage `control`: a light adapter from drawn lines to the inputs of the frozen UNet's way up, in one step.

The caption says what, the lines say where and in which shape, and the noise only what neither says. The losses are those of
stage `concepts`: clean latents, and where the looks into memory and the copy of it point. Writes run/control.
"""

from collections import deque
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forge.architecture import Pointers, Preset
from forge.architecture.control import ControlAdapter
from forge.concepts import assets
from forge.concepts.lines import drawn
from forge.concepts.targets import true_parts, true_places
from forge.distillation.students import identity, load_unet
from forge.export.control import add_control
from forge.training import checkpoint
from forge.training.concept_losses import part_loss, pointer_loss
from forge.training.concept_stage import PART_WEIGHT
from forge.training.denoiser_stage import Frozen, flow_loss
from forge.training.latents import channel_weights
from forge.training.resumable import Resumable
from forge.training.run import Average, Clock, Losses, Machine, learning_rate

from .control_examples import Examples, Maker

BATCH, COARSE_BATCH = 4, 8
WHOLE_EVERY = 3  # of so many steps one goes all the way up; the others end where the look into memory is, at a fifth of the cost
TOGETHER, SHELF, BEGIN = 4, 640, 48  # examples made at once, kept, and there before training begins
EVERY = 8  # steps from one making to the next
PEAK, DECAY = 1e-3, 0.99


def adapter_of(preset: Preset) -> ControlAdapter:
    if preset.unet.memory is None:
        raise ValueError(f"stage `control` is for presets with a memory (pocket), and {preset.name} has none")
    narrowest = min(preset.unet.widths)
    return ControlAdapter(preset.unet, preset.pixels) if narrowest >= 96 else ControlAdapter(
        preset.unet, preset.pixels, (narrowest,) * len(preset.unet.widths), preset.unet.groups)


class ControlTraining:
    """One run of the stage; saved every few minutes and resumed from there."""

    def __init__(self, run: Path, folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int):
        sprites = assets.check(folder)["sprites_sha256"]
        torch.manual_seed(seed)
        self.run, self.preset, self.machine = run, preset, machine
        self.adapter = machine.place(adapter_of(preset))
        self.frozen = Frozen(run, preset, machine)
        self.unet = machine.place(load_unet(run, "denoiser", preset)[0])
        self.average = Average(self.adapter, DECAY)
        self.optimizer = torch.optim.AdamW(self.adapter.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
        wanted = {"sprites_sha256": sprites, "seed": seed, "denoiser": identity(self.unet)}
        self.resumable = Resumable(run / "control-training", self.adapter, self.average, self.optimizer, wanted)
        state = self.resumable.resume() or {"step": 0, "seconds": 0.0}
        self.step = state["step"]
        self.clock = Clock(minutes, state["seconds"])
        self.losses = Losses(run / "logs/control.csv", 20)
        self.rng = np.random.default_rng([seed, self.step])
        self.random = torch.Generator().manual_seed(seed * 1_000_003 + self.step)
        self.maker = Maker(folder, self.frozen, self.unet, preset.pixels, self.rng)
        self.shelf: deque[Examples] = deque(maxlen=SHELF // TOGETHER)
        self.made = -1  # step at which examples were last made
        self.channels: Tensor | None = None

    def train(self) -> None:
        while self.clock.progress() < 1:
            self._step(self.clock.progress())
            if self.resumable.due():
                self.save()
        self.save()

    def save(self) -> None:
        state = {"step": self.step, "seconds": self.clock.spent()}
        self.resumable.save(state)
        checkpoint.save(self.run / "control", self.average.weights, self.resumable.wanted | state)

    def _batch(self, count: int) -> Examples:
        while len(self.shelf) < BEGIN // TOGETHER or self.step % EVERY == 0 and self.made != self.step:
            self.shelf.append(self.maker.make(TOGETHER))
            self.made = self.step
        return Examples.rows([(self.shelf[int(self.rng.integers(len(self.shelf)))], int(self.rng.integers(TOGETHER)))
                              for _ in range(count)])

    def _step(self, progress: float) -> None:
        rate = learning_rate(self.step, progress, PEAK, warmup=50, decay_from=0.5)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        whole = self.step % WHOLE_EVERY == 0
        data = self._batch(BATCH if whole else COARSE_BATCH)
        lines = self._lines(data).to(data.latents.device)
        with self.machine.mixed_precision():
            added = self.adapter(lines.expand(-1, 3, -1, -1))
            looks: list[Tensor] = []
            pointers: list[Pointers] = []
            out = self.unet.decode(data.middle, list(data.skips), data.condition, data.states, None, looks, pointers, added,
                                   None if whole else len(added) - 1)
        losses = self._where(data, looks, pointers)
        if whole:
            losses["flow"] = flow_loss(out.float(), data.latents, data.coverage, self._weights(data))
        loss = losses.get("flow", 0) + PART_WEIGHT * (losses["part"] + losses.get("pointer", 0))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.adapter.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.adapter)
        self.step += 1
        if whole:
            self.losses.add(self.step, BATCH + (WHOLE_EVERY - 1) * COARSE_BATCH, rate, **{name: each.item() for name, each in losses.items()})

    def _lines(self, data: Examples) -> Tensor:
        """Drawings (B, 1, H, W) in [0, 1], made at half the size, which takes a quarter of the time."""
        halves = drawn(F.max_pool2d(data.edges.float(), 2) > 0, data.coverage, self.random)
        return F.interpolate(halves, scale_factor=2.0, mode="bilinear", align_corners=False)

    def _weights(self, data: Examples) -> Tensor:
        """How much each channel of the latents counts."""
        if self.channels is None:
            self.channels = channel_weights(self.frozen.vae, data.latents[:4])
        return self.channels

    def _where(self, data: Examples, looks: list[Tensor], pointers: list[Pointers]) -> dict[str, Tensor]:
        """Losses of the looks into memory, and of the copy of it if there was one. The looks on the way down do not see the
        lines."""
        memory, known = self.preset.unet.memory, torch.ones(len(data.slots), dtype=torch.bool, device=data.slots.device)
        parts = [part_loss(logits, true_parts(data.slots, data.coverage, round(logits.shape[1] ** 0.5), memory), known, memory.parts)
                 for logits in looks]
        found = [pointer_loss(each, *true_places(data.slots, data.coverage, each.which.shape[1], memory), known) for each in pointers]
        return {"part": sum(parts)} | ({"pointer": sum(found)} if found else {})


def add_to_bundle(run: Path, preset: Preset, bundle: Path, name: str) -> Path:
    """Writes the run's adapter into a bundle; errors as `checkpoint.load` and `forge.export.control.add_control`."""
    adapter = adapter_of(preset)
    checkpoint.load_into(adapter, checkpoint.load(run / "control")[0], run / "control")
    return add_control(bundle, preset, adapter, name)
