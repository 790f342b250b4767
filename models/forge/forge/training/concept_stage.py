"""Stage `concepts`: text tower and denoiser together, on composed pictures of a thousand things, in one step.

For presets with a visual memory, which know an open vocabulary. The noise itself decides what captions leave open
(`forge.concepts.choices`), so the clean picture follows from noise and caption, and the first step of sampling is learned
directly: no teacher, no guidance, nothing to distil. A tenth of the pictures is seen at a later time, mixed with noise as
in flow matching, for what begins from another picture. Beside the loss of clean latents:

- which thing is where: heads read it off the coarsest feature maps, before and after the middle (cross-entropy).
- which part of its own picture each cell shows: the memory's attention maps themselves (cross-entropy), so that copying
  is learned at once, and not found after thousands of steps.

Writes run/text and run/denoiser, as the stages of other presets do, so that what comes after them works on.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forge.architecture import Pointers, Preset, TextTower, UNet, Vae
from forge.architecture.memory import pack
from forge.architecture.variates import with_variates
from forge.concepts import Corpus, Planner, assets
from forge.concepts.landscapes import landscapes
from forge.concepts.ring import PICTURES, Lesson, Ring, Source
from forge.concepts.targets import NOWHERE, things, true_parts, true_places, where_things_are

from . import checkpoint, memory_table
from .concept_losses import part_loss, pointer_loss, what_loss
from .denoiser_stage import CAPTION_DROPOUT, PEAK, Frozen, flow_loss, sample_times
from .latents import channel_weights
from .resumable import Resumable
from .run import Average, Clock, Losses, Machine, learning_rate
from .settings import check
from .text_stage import prepare_tokenizer

LANDSCAPES = 192
EARLIER_STEPS = 0.1  # of the pictures at a later time than the first step's, for pictures that begin from another
CAPTIONS = 60_000  # that the vocabulary is learned from
WHAT_WEIGHT, WHAT_CELLS = 0.02, 8
PART_WEIGHT = 0.05
BATCHES = {128: 32, 256: 16, 512: 8}
USES = 8  # of each picture before another replaces it
SHARDS = 24  # of each ring, at most
FIRST_SHARDS = 2  # before training begins
NICE = 10  # runs for hours beside other work


@dataclass(frozen=True)
class Part:
    """A share of the budget on one lesson, at some sizes in turns."""

    share: float
    sizes: tuple[int, ...]
    lesson: Lesson


FIRST, ALL = Lesson("first", 12.0, True), Lesson("all", 4.0, False)
PARTS = (Part(0.3, (256,), FIRST), Part(0.5, (512,), FIRST), Part(0.2, (512,), ALL))


class ConceptModel(nn.Module):
    """The text tower and the UNet with the heads that only training needs."""

    def __init__(self, preset: Preset, count: int):
        super().__init__()
        self.text, self.unet = TextTower(preset.text), UNet(preset.unet)
        self.what = nn.ModuleList(nn.Conv2d(preset.unet.widths[-1], count, 1) for _ in range(2))

    def forward(self, sample: Tensor, timestep: Tensor, ids: Tensor, memory: Tensor
                ) -> tuple[Tensor, list[Tensor], list[Tensor], list[Pointers]]:
        """→ velocity (B, 8, h, w), logits of things (B, things, coarse h, w) twice, of parts (B, h * w, parts + 1) each look,
        and where the copy of memory points, if the UNet has one."""
        features: list[Tensor] = []
        looks: list[Tensor] = []
        pointers: list[Pointers] = []
        text = self.text(ids)
        states = torch.cat([text, pack(memory, text.shape[-1]).to(text.dtype)], 1)
        velocity = self.unet(sample, timestep, states, features, looks, pointers)
        return velocity, [head(feature) for head, feature in zip(self.what, features)], looks, pointers


def settings(preset: Preset, told: dict, seed: int) -> dict:
    """What a run that goes on must have in common with the checkpoint."""
    sizes = preset.as_dict()
    return {"preset": {"text": sizes["text"], "unet": sizes["unet"]}, "data": "concepts", "seed": seed,
            "sprites_sha256": told["sprites_sha256"]}


def captions(folder: Path) -> list[str]:
    """Of training pictures, and every name thrice: what the vocabulary is learned from."""
    corpus = Corpus(folder)
    planner = Planner(corpus, landscapes(LANDSCAPES), np.random.default_rng(11))
    return [planner.plan().text for _ in range(CAPTIONS)] + [name for each in corpus.concepts for name in each.names] * 3


def load_vae(run: Path, preset: Preset, machine: Machine) -> Vae:
    vae = machine.place(Vae(preset.vae))
    checkpoint.load_into(vae, checkpoint.load(run / "vae")[0], run / "vae")
    return vae.eval().requires_grad_(False)


class ConceptTraining:
    """One run of the stage: networks, optimizer, clocks and rings, saved every few minutes and resumed from there."""

    def __init__(self, run: Path, folder: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int):
        if preset.unet.memory is None:
            raise ValueError(f"stage `concepts` is for presets with a memory (pocket), and {preset.name} has none")
        wanted = settings(preset, assets.check(folder), seed)
        torch.manual_seed(seed)
        self.run, self.preset, self.machine, self.seed = run, preset, machine, seed
        self.vae = load_vae(run, preset, machine)
        self.tokenizer = prepare_tokenizer(run / "tokenizer", preset, lambda: captions(folder))
        memory_table.make(run, folder, preset, self.vae, self.tokenizer)
        self.recall = memory_table.read(run, preset, self.tokenizer)
        self.source = Source(folder, landscapes(LANDSCAPES), self.tokenizer, preset.text.tokens, self.vae)
        self.pool_folder, self.rings = pool_folder, {}
        self.model = machine.place(ConceptModel(preset, len(self.recall.table)))
        self.average = Average(self.model, 0.9993, 24)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=PEAK, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        self.resumable = Resumable(run / "concepts-training", self.model, self.average, self.optimizer, wanted)
        self.warm_from = 0  # step of a warm start: the learning rate warms up again from there
        state = self.resumable.resume() or self._warm_start(wanted)
        self.step, self.samples = state["step"], {int(size): count for size, count in state["samples"].items()}
        self.earlier = state.get("earlier_seconds", 0.0)  # of the published weights that this run started from
        self.clock = Clock(minutes, state["seconds"] - self.earlier)
        self.losses = Losses(run / "logs/concepts.csv", 50)
        self.rng = np.random.default_rng([seed, self.step])
        self.random = torch.Generator().manual_seed(seed * 1_000_003 + self.step)
        self.empty = torch.tensor(self.tokenizer.encode("", preset.text.tokens))
        self.channels: Tensor | None = None

    def _warm_start(self, wanted: dict) -> dict:
        """From published weights, which come without heads and moments, if there are any; else from nothing. Either way
        the budget is this run's own."""
        if not checkpoint.exists(self.run / "denoiser"):
            return {"step": 0, "samples": {}, "seconds": 0.0}
        for folder, module, name in ((self.run / "text", self.model.text, "text.tower"), (self.run / "denoiser", self.model.unet, "unet")):
            tensors, state = checkpoint.load(folder)
            check(folder, state, wanted)
            checkpoint.load_into(module, checkpoint.part(name, tensors), folder)
        self.average.weights |= {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.warm_from = state["step"]
        return state | {"earlier_seconds": state["seconds"]}

    def train(self, on_save=lambda training: None) -> None:
        """Trains until the budget is spent; `on_save` is called after each checkpoint (sample sheets)."""
        if os.getpriority(os.PRIO_PROCESS, 0) < NICE:
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
        forward = self.machine.compile(self.model)
        while self.clock.progress() < 1:
            self._step(forward, self.clock.progress())
            if self.resumable.due():
                self.save()
                on_save(self)
        self.save()
        on_save(self)

    def save(self) -> None:
        state = {"step": self.step, "samples": self.samples, "seconds": self.earlier + self.clock.spent(), "earlier_seconds": self.earlier,
                 "preset": self.preset.as_dict()}
        self.resumable.save(state)
        weights = self.average.weights
        text = checkpoint.prefixed("text.tower", checkpoint.part("text", weights))
        checkpoint.save(self.run / "text", text, self.resumable.wanted | state | {"stage": "concepts"})
        frozen = Frozen(self.run, self.preset, Machine(torch.device("cpu"), False)).fingerprints()
        unet = checkpoint.prefixed("unet", checkpoint.part("unet", weights))
        checkpoint.save(self.run / "denoiser", unet, self.resumable.wanted | state | {"stage": "denoiser", "frozen": frozen})

    def part(self, progress: float) -> Part:
        begin = 0.0
        for part in PARTS:
            begin += part.share
            if progress < begin:
                return part
        return PARTS[-1]

    def _ring(self, size: int, lesson: Lesson) -> Ring:
        """The ring, with new pictures when the ones that it has were used often enough."""
        ring = self.rings.get((size, lesson.name))
        if ring is None:
            ring = self.rings[size, lesson.name] = Ring(self.pool_folder, size, lesson, self.source, SHARDS)
            ring.refresh()
        while len(ring.shards) < FIRST_SHARDS or ring.used >= USES * PICTURES:
            ring.add()
        return ring

    def _step(self, forward, progress: float) -> None:
        part = self.part(progress)
        size = part.sizes[self.step % len(part.sizes)]
        ring, batch = self._ring(size, part.lesson), BATCHES[size]
        data = {name: tensor.to(self.machine.device) for name, tensor in ring.batch(batch, self.rng).items()}
        clean = data["latents"]
        if self.channels is None:
            self.channels = channel_weights(self.vae, clean[:4])
        later = torch.rand(batch, generator=self.random) < EARLIER_STEPS
        known = (~later | (torch.rand(batch, generator=self.random) >= CAPTION_DROPOUT)).to(clean.device)
        ids = torch.where(known[:, None], data["ids"], self.empty.to(clean.device))
        noise = with_variates(torch.randn(clean.shape, generator=self.random).to(clean.device), data["variates"])
        t = torch.where(later, sample_times(batch, size, self.random, False), 1.0).to(clean.device)
        mixed = torch.lerp(clean, noise, t[:, None, None, None]).contiguous(memory_format=torch.channels_last)
        with self.machine.mixed_precision():
            velocity, *found = forward(mixed, 1000 * t, ids, self._memory(data["slots"], known))
        drawn = mixed - t[:, None, None, None] * velocity.float()
        losses = self._losses(data, known, drawn, clean, *found)
        rate = learning_rate(self.step - self.warm_from, progress, PEAK)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        (losses["flow"] + WHAT_WEIGHT * losses["what"] + PART_WEIGHT * (losses["part"] + losses["pointer"])).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.model)
        self.step += 1
        self.samples[size] = self.samples.get(size, 0) + batch
        self.losses.add(self.step, batch, rate, **{name: loss.item() for name, loss in losses.items()})

    def _memory(self, slots: Tensor, known: Tensor) -> Tensor:
        """What the prompts' things are, from the plan itself; zeros where the caption was dropped."""
        named = things(slots).tolist()
        return self.recall.memory_of([[thing for thing in row if thing != NOWHERE] if keep else []
                                      for row, keep in zip(named, known.tolist())]).to(slots.device)

    def _losses(self, data: dict[str, Tensor], known: Tensor, drawn: Tensor, clean: Tensor, what: list[Tensor],
                looks: list[Tensor], pointers: list[Pointers]) -> dict[str, Tensor]:
        slots, coverage, config = data["slots"], data["coverage"], self.preset.unet.memory
        there = where_things_are(slots, coverage, WHAT_CELLS)
        there = torch.where(known[:, None, None], there, NOWHERE)
        parts = [part_loss(logits, true_parts(slots, coverage, round(logits.shape[1] ** 0.5), config), known, config.parts)
                 for logits in looks]
        return {"flow": flow_loss(drawn, clean, coverage, self.channels), "what": what_loss(what, there),
                "part": sum(parts), "pointer": self._pointer_loss(slots, coverage, known, pointers)}

    def _pointer_loss(self, slots: Tensor, coverage: Tensor, known: Tensor, pointers: list[Pointers]) -> Tensor:
        """Of the copy of memory; 0 without one."""
        losses = [pointer_loss(found, *true_places(slots, coverage, found.which.shape[1], self.preset.unet.memory), known)
                  for found in pointers]
        return torch.stack(losses).sum() if losses else torch.zeros((), device=slots.device)
