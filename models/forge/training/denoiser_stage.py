"""Stage `denoiser`: the multi-step teacher, by flow matching.

x_t = (1 - t) x0 + t noise, and the UNet predicts the velocity noise - x0 (arXiv 2210.02747, 2403.03206): what
diffusers' FlowMatchEulerDiscreteScheduler integrates. Three aids, each cheap:

- layout loss: linear heads read off the coarsest feature maps, before and after the middle, where which kind and which
  colour of subject stands (from the program's own masks). Without it, words of place in the picture are learned late.
- subjects weigh more than the backdrop in the loss.
- small pictures first: positions are coded relative to the picture and latents look alike at every size.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from architecture import Preset, TextTower, UNet, Vae
from scenes import Split
from tokens import Tokenizer

from . import checkpoint
from .latents import LAYOUT_CHANNELS, LatentPool, layout_target
from .pool import Pool, record_caption
from .run import Average, Clock, Losses, Machine, learning_rate
from .text_stage import load_tokenizer
from .workers import Alone, Worker

LAYOUT_WEIGHT = 0.1
SUBJECT_WEIGHT = 4.0
CAPTION_DROPOUT = 0.1
PEAK = 4e-4
AVERAGE_DECAY = 0.9995
SHIFT = {128: 1.0, 256: 1.6, 512: 2.5}  # larger pictures need more noise for the same loss of information
SAVE_SECONDS = 300


@dataclass(frozen=True)
class Phase:
    """A share of the budget at one picture size."""

    share: float
    size: int
    batch: int


PHASES = (Phase(0.16, 128, 32), Phase(0.46, 256, 16), Phase(0.38, 512, 8))


class Denoising(nn.Module):
    """The UNet with the heads of the layout loss, which only training needs."""

    def __init__(self, preset: Preset):
        super().__init__()
        self.unet = UNet(preset.unet)
        width = preset.unet.widths[-1]
        self.layout = nn.ModuleList(nn.Conv2d(width, LAYOUT_CHANNELS, 1) for _ in range(2))

    def forward(self, sample: Tensor, timestep: Tensor, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """→ velocity (B, 8, h, w), layout logits before and after the middle (B, LAYOUT_CHANNELS, h/4, w/4)."""
        features: list[Tensor] = []
        velocity = self.unet(sample, timestep, states, features)
        before, after = (head(feature) for head, feature in zip(self.layout, features))
        return velocity, before, after


class Frozen:
    """The networks and the tokenizer that the denoiser is trained against."""

    def __init__(self, run: Path, preset: Preset, machine: Machine):
        self.tokenizer: Tokenizer = load_tokenizer(run / "tokenizer")
        self.tokens = preset.text.tokens
        self.machine = machine
        self.vae, self.text = machine.place(Vae(preset.vae)), TextTower(preset.text).to(machine.device)
        checkpoint.load_into(self.vae, checkpoint.load(run / "vae")[0], run / "vae")
        tensors, _ = checkpoint.load(run / "text")
        checkpoint.load_into(self.text, checkpoint.part("text.tower", tensors), run / "text")
        self.vae.eval().requires_grad_(False)
        self.text.eval().requires_grad_(False)

    @torch.no_grad()
    def states(self, prompts: list[str]) -> Tensor:
        """(B, tokens, width) fp32."""
        ids = torch.tensor([self.tokenizer.encode(prompt, self.tokens) for prompt in prompts])
        with self.machine.bf16():
            return self.text(ids.to(self.machine.device)).float()


def sample_times(count: int, size: int, rng: torch.Generator, high_noise: bool) -> Tensor:
    """Times (count,) in (0, 1): logit-normal, shifted by size; half uniform in [0.6, 1] when `high_noise`."""
    times = torch.randn(count, generator=rng).sigmoid()
    if high_noise:
        times[: count // 2] = 0.6 + 0.4 * torch.rand(count // 2, generator=rng)
    shift = SHIFT[size]
    return shift * times / (1 + (shift - 1) * times)


def flow_loss(velocity: Tensor, target: Tensor, coverage: Tensor) -> Tensor:
    """Squared error, cells under subjects SUBJECT_WEIGHT times as heavy. All (B, C, h, w); coverage (B, S, h, w)."""
    weight = 1 + (SUBJECT_WEIGHT - 1) * coverage.amax(dim=1, keepdim=True)
    return ((velocity - target).square() * weight).mean() / weight.mean()


def layout_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy summed over channels, averaged over cells."""
    return F.binary_cross_entropy_with_logits(logits.float(), target, reduction="none").sum(dim=1).mean()


def phase_at(progress: float) -> Phase:
    begin = 0.0
    for phase in PHASES:
        begin += phase.share
        if progress < begin:
            return phase
    return PHASES[-1]


class DenoiserTraining:
    """One run of the stage: networks, optimizer and clocks, saved every few minutes and resumed from there."""

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine,
                 worker: Alone | Worker = Alone(), seed: int = 3):
        self.worker = worker
        self.run, self.pool_folder, self.preset, self.machine, self.seed = run, pool_folder, preset, machine, seed
        torch.manual_seed(seed)  # the same first weights in every worker
        self.frozen = Frozen(run, preset, machine)
        self.model = machine.place(Denoising(preset))
        self.average = Average(self.model, AVERAGE_DECAY)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        self.step, self.samples, spent = 0, {}, 0.0
        self.warm_from = 0  # step of a warm start: the learning rate warms up again from there
        if checkpoint.exists(run / "denoiser-training"):
            spent = self._resume()
        elif checkpoint.exists(run / "denoiser"):
            spent = self._warm_start()
        self.clock = Clock(minutes, spent)
        self.losses = Losses(run / "logs/denoiser.csv", 50)
        self.latents: LatentPool | None = None

    def _warm_start(self) -> float:
        """Goes on from published weights, which come without the optimizer's moments."""
        source = self.run / "denoiser"
        tensors, state = checkpoint.load(source)
        checkpoint.load_into(self.model, tensors, source)
        self.average = Average(self.model, AVERAGE_DECAY)
        self.samples = {int(size): count for size, count in state["samples"].items()}
        self.step = state["step"]
        self.warm_from = self.step
        return state["seconds"]

    def _resume(self) -> float:
        source = self.run / "denoiser-training"
        tensors, state = checkpoint.load(source)
        checkpoint.load_into(self.model, checkpoint.part("model", tensors), source)
        self.average.weights = checkpoint.part("average", tensors)
        self.average.steps = self.step = state["step"]
        self.samples = {int(size): count for size, count in state["samples"].items()}
        optimizer = self.optimizer.state_dict()
        first, second = checkpoint.part("first", tensors), checkpoint.part("second", tensors)
        optimizer["state"] = {
            index: {"step": torch.tensor(float(self.step)), "exp_avg": first[name], "exp_avg_sq": second[name]}
            for index, (name, _) in enumerate(self.model.named_parameters())}
        self.optimizer.load_state_dict(optimizer)
        return state["seconds"]

    def save(self) -> None:
        names = [name for name, _ in self.model.named_parameters()]
        moments = self.optimizer.state_dict()["state"]
        state = {"stage": "denoiser", "preset": self.preset.as_dict(), "step": self.step, "samples": self.samples,
                 "seconds": self.clock.spent()}
        checkpoint.save(
            self.run / "denoiser-training",
            checkpoint.prefixed("model", self.model.state_dict())
            | checkpoint.prefixed("average", self.average.weights)
            | checkpoint.prefixed("first", {name: moments[i]["exp_avg"] for i, name in enumerate(names)})
            | checkpoint.prefixed("second", {name: moments[i]["exp_avg_sq"] for i, name in enumerate(names)}), state)
        checkpoint.save(self.run / "denoiser", self.average.weights, state)

    def _pool(self, phase: Phase) -> LatentPool:
        if self.latents is None or self.latents.size != phase.size:
            pool = Pool(self.pool_folder, 512 if phase.size == 512 else 256, Split.TRAIN)
            print(f"{phase.size} px: {len(pool)} pictures", flush=True)
            self.latents = LatentPool(pool, phase.size, self.frozen.vae, self.machine)
        return self.latents

    def train(self, on_save=lambda training: None) -> None:
        """Trains until the budget is spent; `on_save` is called after each checkpoint (sample sheets)."""
        forward = self.machine.compile(self.model)
        saved = time.monotonic()
        rank = self.worker.rank
        rng = np.random.default_rng([self.seed, self.step, rank])
        random = torch.Generator().manual_seed((self.seed * 1_000_003 + self.step) * 64 + rank)
        progress = self.worker.average([], self.clock.progress())
        while progress < 1:
            progress = self._step(forward, progress, rng, random)
            if rank == 0 and time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                on_save(self)
                saved = time.monotonic()
        if rank == 0:
            self.save()
            on_save(self)

    def _step(self, forward, progress: float, rng: np.random.Generator, random: torch.Generator) -> float:
        """One step on this worker's part of the batch; returns the progress that all workers agree on."""
        phase = phase_at(progress)
        batch = phase.batch // self.worker.count
        rate = learning_rate(self.step - self.warm_from, progress, PEAK)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        pool = self._pool(phase)
        # Each worker keeps to its own pictures, so each is encoded once.
        indices = rng.integers(len(pool) // self.worker.count, size=batch) * self.worker.count + self.worker.rank
        records = [pool.pool.records[int(index)] for index in indices]
        prompts = ["" if rng.random() < CAPTION_DROPOUT else record_caption(record, rng) for record in records]
        clean, coverage = pool.batch(indices), pool.coverage(indices)
        noise = torch.randn(clean.shape, generator=random).to(clean.device)
        t = sample_times(batch, phase.size, random, progress < 0.5).to(clean.device)
        mixed = torch.lerp(clean, noise, t[:, None, None, None]).contiguous(memory_format=torch.channels_last)
        states = self.frozen.states(prompts)
        with self.machine.bf16():
            velocity, before, after = forward(mixed, 1000 * t, states)
        target = layout_target(coverage, records)
        flow = flow_loss(velocity.float(), noise - clean, coverage)
        layout = layout_loss(before, target) + layout_loss(after, target)
        loss = flow + LAYOUT_WEIGHT * layout
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        progress = self.worker.average((weight.grad for weight in self.model.parameters()), self.clock.progress())
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.model)
        self.step += 1
        self.samples[phase.size] = self.samples.get(phase.size, 0) + phase.batch
        if self.worker.rank == 0:
            self.losses.add(self.step, phase.batch, rate, flow=flow.item(), layout=layout.item())
        return progress
