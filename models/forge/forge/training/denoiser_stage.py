"""Stage `denoiser`: the multi-step teacher, by flow matching.

x_t = (1 - t) x0 + t noise, and the UNet predicts the velocity noise - x0 (arXiv 2210.02747, 2403.03206): what
diffusers' FlowMatchEulerDiscreteScheduler integrates. Three aids, each cheap:

- layout loss: linear heads read off the coarsest feature maps, before and after the middle, where which kind and which
  colour of subject stands (from the program's own masks). Without it, words of place in the picture are learned late.
- subjects weigh more than the backdrop in the loss, and channels of the latents as much as they show.
- small pictures first: positions are coded relative to the picture and latents look alike at every size. The two
  larger sizes end in turns, since what is learned at one fades when another is trained alone (docs/LOG.md).
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forge.architecture import Preset, TextTower, UNet, Vae
from forge.architecture.memory import pack
from forge.scenes import Split
from forge.tokens import Tokenizer

from . import checkpoint, memory_table
from .latents import LAYOUT_CHANNELS, LatentPool, layout_target
from .pool import Pool, data, record_caption
from .resumable import Resumable
from .run import Average, Clock, Losses, Machine, learning_rate
from .settings import check, fingerprint
from .text_stage import load_tokenizer
from .workers import Alone, Worker

LAYOUT_WEIGHT = 0.03
SUBJECT_WEIGHT = 4.0
BIG_CHANCE = 2.0  # of a picture with a big subject, beside others: those are learned last
CAPTION_DROPOUT = 0.1
PEAK = 4e-4
AVERAGE_DECAY = 0.9995
AVERAGE_SHARE = 39  # the last size has few steps: an average over a ninth would still hold the one before
SHIFT = {128: 1.0, 256: 1.6, 512: 2.5}  # larger pictures need more noise for the same loss of information


@dataclass(frozen=True)
class Phase:
    """A share of the budget at some picture sizes, in turns."""

    share: float
    sizes: tuple[int, ...]


PHASES = (Phase(0.45, (128,)), Phase(0.2, (256,)), Phase(0.35, (256, 512)))
BATCHES = {128: 32, 256: 16, 512: 8}  # of each worker


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
        self.recall = memory_table.read(run, preset, self.tokenizer) if preset.unet.memory else None

    def fingerprints(self) -> dict[str, str]:
        """What the denoiser's weights mean nothing without; the decoder may go on training."""
        vae = self.vae.state_dict()
        return {"tokenizer": hashlib.sha256(json.dumps(self.tokenizer.merges).encode()).hexdigest()[:16],
                "text": fingerprint(self.text.state_dict()),
                "encoder": fingerprint({name: tensor for name, tensor in vae.items() if not name.startswith("decoder")})}

    @torch.no_grad()
    def states(self, prompts: list[str]) -> Tensor:
        """(B, tokens, width) fp32, and behind them the rows of the prompts' memory, if the preset has one."""
        ids = torch.tensor([self.tokenizer.encode(prompt, self.tokens) for prompt in prompts])
        with self.machine.mixed_precision():
            states = self.text(ids.to(self.machine.device)).float()
        if self.recall is None:
            return states
        return torch.cat([states, pack(self.recall.memory(ids), states.shape[-1]).to(states.device)], 1)


def sample_times(count: int, size: int, rng: torch.Generator, high_noise: bool) -> Tensor:
    """Times (count,) in (0, 1): logit-normal, shifted by size; half uniform in [0.6, 1] when `high_noise`."""
    times = torch.randn(count, generator=rng).sigmoid()
    if high_noise:
        times[: count // 2] = 0.6 + 0.4 * torch.rand(count // 2, generator=rng)
    shift = SHIFT[size]
    return shift * times / (1 + (shift - 1) * times)


def flow_loss(velocity: Tensor, target: Tensor, coverage: Tensor, channels: Tensor | None = None) -> Tensor:
    """Squared error, cells under subjects SUBJECT_WEIGHT times as heavy. All (B, C, h, w); coverage (B, S, h, w);
    `channels` (C,) with mean 1 weighs them, else all are alike."""
    weight = 1 + (SUBJECT_WEIGHT - 1) * coverage.amax(dim=1, keepdim=True)
    error = (velocity - target).square()
    if channels is not None:
        error = error * channels[:, None, None]
    return (error * weight).mean() / weight.mean()


def layout_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy summed over channels, averaged over cells."""
    return F.binary_cross_entropy_with_logits(logits.float(), target, reduction="none").sum(dim=1).mean()


def phases(smallest: int) -> list[Phase]:
    """The phases without pictures smaller than `smallest`; their shares fill the budget."""
    kept = [phase for phase in PHASES if min(phase.sizes) >= smallest] or [Phase(1.0, (smallest,))]
    whole = sum(phase.share for phase in kept)
    return [Phase(phase.share / whole, phase.sizes) for phase in kept]


def phase_at(progress: float, among: list[Phase]) -> Phase:
    begin = 0.0
    for phase in among:
        begin += phase.share
        if progress < begin:
            return phase
    return among[-1]


def chances(records: list[dict]) -> np.ndarray:
    """(N,) How likely each picture is drawn, cumulated, ending at 1."""
    big = [any(subject["size"] == "big" for subject in record.get("subjects", ())) for record in records]
    cumulated = np.cumsum(np.where(big, BIG_CHANCE, 1.0))
    return cumulated / cumulated[-1]


def settings(preset: Preset, data: str, seed: int) -> dict:
    """What a run that goes on must have in common with the checkpoint, beside the frozen networks; the decoder may be
    another one."""
    sizes = preset.as_dict()
    encoder = {name: value for name, value in sizes["vae"].items() if not name.startswith("decoder")}
    return {"preset": {"text": sizes["text"], "unet": sizes["unet"], "vae": encoder}, "data": data, "seed": seed}


@dataclass(frozen=True)
class Pictures:
    """The pictures of one size that a worker trains on: which of the pool's, their cumulated chances, and what the
    channels of their latents weigh."""

    latents: LatentPool
    own: np.ndarray
    chances: np.ndarray
    channels: Tensor


class DenoiserTraining:
    """One run of the stage: networks, optimizer and clocks, saved every few minutes and resumed from there."""

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine,
                 worker: Alone | Worker = Alone(), seed: int = 3, smallest: int = 128):
        self.worker = worker
        self.run, self.pool_folder, self.preset, self.machine, self.seed = run, pool_folder, preset, machine, seed
        torch.manual_seed(seed)  # the same first weights in every worker
        self.frozen = Frozen(run, preset, machine)
        wanted = settings(preset, data(pool_folder), seed) | {"frozen": self.frozen.fingerprints()}
        self.own = wanted["data"] == "own"
        self.model = machine.place(Denoising(preset))
        self.average = Average(self.model, AVERAGE_DECAY, AVERAGE_SHARE)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        self.resumable = Resumable(run / "denoiser-training", self.model, self.average, self.optimizer, wanted)
        self.warm_from = 0  # step of a warm start: the learning rate warms up again from there
        state = self.resumable.resume() or self._warm_start(wanted)
        self.step, self.samples = state["step"], {int(size): count for size, count in state["samples"].items()}
        self.joined_at, self.since = self.step, dict.fromkeys(SHIFT, 0)  # step of the last meeting; samples since then
        self.earlier = state.get("earlier_seconds", 0.0)  # of the published weights that this run started from
        self.clock = Clock(minutes, state["seconds"] - self.earlier)
        self.losses = Losses(run / "logs/denoiser.csv", 50)
        self.phases = phases(smallest)
        self.pictures: dict[int, Pictures] = {}  # by size, since they are taken in turns

    def _warm_start(self, wanted: dict) -> dict:
        """From published weights, which come without the optimizer's moments, if there are any; else from nothing.

        Either way the budget is this run's own, and it goes through all phases.
        """
        source = self.run / "denoiser"
        if not checkpoint.exists(source):
            return {"step": 0, "samples": {}, "seconds": 0.0}
        tensors, state = checkpoint.load(source)
        check(source, state, wanted)
        checkpoint.load_into(self.model, tensors, source)
        self.average.weights |= {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.warm_from = state["step"]
        return state | {"earlier_seconds": state["seconds"]}

    def save(self) -> None:
        state = {"stage": "denoiser", "preset": self.preset.as_dict(), "step": self.step, "samples": self.samples,
                 "seconds": self.earlier + self.clock.spent(), "earlier_seconds": self.earlier}
        self.resumable.save(state)
        checkpoint.save(self.run / "denoiser", self.average.weights, self.resumable.wanted | state)

    def _pictures(self, size: int) -> "Pictures":
        if size not in self.pictures:
            pool = Pool(self.pool_folder, 512 if size == 512 else 256, Split.TRAIN)
            print(f"{size} px: {len(pool)} pictures", flush=True)
            latents = LatentPool(pool, size, self.frozen.vae, self.machine)
            # Each worker keeps to its own pictures, so each is encoded once.
            own = np.arange(self.worker.rank, len(pool), self.worker.count) % len(pool)
            own = own if len(own) else np.arange(len(pool))
            self.pictures[size] = Pictures(
                latents, own, chances([pool.records[index] for index in own]), latents.channel_weights())
        return self.pictures[size]

    def train(self, on_save=lambda training: None) -> None:
        """Trains until the budget is spent; `on_save` is called after each checkpoint (sample sheets)."""
        forward = self.machine.compile(self.model)
        rank = self.worker.rank
        rng = np.random.default_rng([self.seed, self.step, rank])
        random = torch.Generator().manual_seed((self.seed * 1_000_003 + self.step) * 64 + rank)
        progress = self.join()
        while progress < 1:
            self._step(forward, progress, rng, random)
            if self.worker.due():
                progress = self.join()
                if rank == 0 and self.resumable.due():
                    self.save()
                    on_save(self)
        if rank == 0:
            self.save()
            on_save(self)

    def join(self) -> float:
        """Meets the other workers; returns the progress that all agree on."""
        own = sum(self.since.values())
        everyone, progress = self.worker.join(
            self.model.parameters(), self.step - self.joined_at, list(self.since.values()), self.clock.progress())
        for size, count in zip(self.since, everyone):
            if count:
                self.samples[size] = self.samples.get(size, 0) + count
        self.losses.samples += sum(everyone) - own
        self.joined_at, self.since = self.step, dict.fromkeys(SHIFT, 0)
        return progress

    def _step(self, forward, progress: float, rng: np.random.Generator, random: torch.Generator) -> None:
        """One step of this worker."""
        sizes = phase_at(progress, self.phases).sizes
        size = sizes[int(rng.integers(len(sizes)))]
        batch = BATCHES[size]
        rate = learning_rate(self.step - self.warm_from, progress, PEAK)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        pictures = self._pictures(size)
        latents = pictures.latents
        indices = pictures.own[np.searchsorted(pictures.chances, rng.random(batch), side="right")]
        records = [latents.pool.records[int(index)] for index in indices]
        prompts = ["" if rng.random() < CAPTION_DROPOUT else record_caption(record, rng) for record in records]
        clean, coverage = latents.batch(indices), latents.coverage(indices)
        noise = torch.randn(clean.shape, generator=random).to(clean.device)
        t = sample_times(batch, size, random, progress < 0.5).to(clean.device)
        mixed = torch.lerp(clean, noise, t[:, None, None, None]).contiguous(memory_format=torch.channels_last)
        states = self.frozen.states(prompts)
        with self.machine.mixed_precision():
            velocity, before, after = forward(mixed, 1000 * t, states)
        target = layout_target(coverage, records)
        flow = flow_loss(velocity.float(), noise - clean, coverage, pictures.channels)
        layout = layout_loss(before, target) + layout_loss(after, target)
        # Of one's own pictures nobody knows what stands where: coverage is zero, and so is this loss's weight.
        loss = flow + (0.0 if self.own else LAYOUT_WEIGHT) * layout
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        self.since[size] += batch
        if self.worker.rank == 0:  # who saves and reports
            self.average.update(self.model)
            self.losses.add(self.step, batch, rate, flow=flow.item(), layout=layout.item())
