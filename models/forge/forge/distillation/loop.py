"""What both students share: how they train against the clock, are examined, saved, resumed and kept at their best."""

import json
import time
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forge.architecture import Preset, UNet
from forge.scenes import Split
from forge.training import checkpoint
from forge.training.denoiser_stage import Frozen
from forge.training.latents import LatentPool
from forge.training.pool import Pool, data, record_caption
from forge.training.resumable import SAVE_SECONDS, Resumable
from forge.training.run import Average, Clock, Losses, Machine, learning_rate
from forge.training.settings import check
from forge.training.workers import Alone, Worker

from .exam import Exam, mark
from .lora import LowRank, merged
from .options import Options
from .students import identity, load_unet
from .teacher import Teacher

CAPTION_DROPOUT = 0.05
WARMUP = 50
GPU_BATCH = 8  # times the CPU's
SCORE_SHARE = 0.08  # of the budget, between two examinations
EXAM_SHARE = 0.1  # of the first worker's time, at most, spent on them


class StudentTraining(ABC):
    """Base of the stages. A subclass sets `stage`, `draws` (steps that it is examined at), `module` with an entry
    "student", and `optimizer`, then calls `_resume`; and it implements `_step` and `size`."""

    stage = ""
    draws = 1
    average_decay = 0.999

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine, wanted: dict,
                 options: Options, worker: Alone | Worker = Alone(), seed: int = 0):
        self.run, self.pool_folder, self.preset, self.machine = run, pool_folder, preset, machine
        self.options, self.worker, self.seed, self.minutes = options, worker, seed, minutes
        torch.manual_seed(seed)
        self.frozen = Frozen(run, preset, machine)
        self.denoiser = machine.place(load_unet(run, "denoiser", preset)[0])
        self.wanted = wanted | {"frozen": self.frozen.fingerprints(), "teacher": identity(self.denoiser)}
        self.empty = self.frozen.states([""])
        self.teacher = Teacher(self.denoiser, self.empty, options.guidance, machine)
        self.step, self.samples, self.own_steps, self.own_samples = 0, 0, 0, 0
        self.warm_from = 0  # step of a warm start: the learning rate warms up again from there
        self.best: dict = {}
        self.teacher_scores: dict[str, dict[str, float]] = {}
        self.latents: dict[int, LatentPool] = {}  # by size, since rounds come back to it
        self.weighed: dict[int, Tensor] = {}
        self.exams: dict[int, Exam] = {}
        self.batches = GPU_BATCH if machine.device.type == "cuda" else 1

    module: nn.ModuleDict
    optimizer: torch.optim.Optimizer

    def _resume(self) -> dict:
        """Takes over what a stopped run left, once module and optimizer stand; returns its state, or {}."""
        self.student = self.module["student"]
        self.average = Average(self.student, self.average_decay)
        self.resumable = Resumable(self.run / f"{self.stage}-training", self.module, self.average, self.optimizer,
                                   self.wanted)
        state = self.resumable.resume() or self._warm_start()
        if state:
            self.step, self.samples, self.best = state["step"], state["samples"], state["best"]
            self.teacher_scores = state["teacher_scores"]
        self.earlier = state.get("earlier_seconds", 0.0)  # of the published weights that this run started from
        self.clock = Clock(self.minutes, state.get("seconds", 0.0) - self.earlier)
        self.losses = Losses(self.run / f"logs/{self.stage}.csv", 20)
        self.rng = np.random.default_rng([self.seed, self.step, self.worker.rank])
        self.random = torch.Generator().manual_seed((self.seed * 1_000_003 + self.step) * 64 + self.worker.rank)
        self.examined, self.saved_step, self.exam_seconds = time.monotonic(), self.step, 0.0
        return state

    def _warm_start(self) -> dict:
        """From a published student, which comes without moments and discriminator, if there is one; {} otherwise.

        The budget is this run's own.
        """
        source = self.run / self.stage
        if not checkpoint.exists(source):
            return {}
        unet, state = load_unet(self.run, self.stage, self.preset)
        check(source, state, self.wanted)
        plain = self.student.network if isinstance(self.student, LowRank) else self.student
        plain.load_state_dict(unet.state_dict())
        self.average = self.resumable.average = Average(self.student, self.average_decay)
        self.warm_from = state["step"]
        return {name: state[name] for name in ("step", "samples", "best", "teacher_scores", "seconds")} | {
            "earlier_seconds": state["seconds"]}

    def progress(self) -> float:
        return self.clock.progress()

    @abstractmethod
    def size(self, progress: float) -> int:
        """Of the pictures at that progress, in pixels."""

    @abstractmethod
    def _step(self, progress: float) -> None:
        """One step of this worker; counts it by `_count`."""

    def state(self) -> dict:
        """What a subclass remembers beside the rest."""
        return {}

    def weights(self) -> list[Tensor]:
        """What the workers average when they meet."""
        return [weight for group in self.optimizer.param_groups for weight in group["params"]]

    def train(self, on_save=lambda training: None) -> None:
        """Trains until the budget is spent; `on_save` is called after each checkpoint (sheets and curves)."""
        begun, progress = time.monotonic(), self.join()
        usual = min(SAVE_SECONDS, max(20.0, self.minutes * 60 * SCORE_SHARE))
        while progress < 1:
            self._step(progress)
            if self.worker.due():
                progress = self.join()
                every = max(usual, self.exam_seconds / EXAM_SHARE)
                if self.worker.rank == 0 and time.monotonic() - self.examined > every:
                    self.save()
                    on_save(self)
        if self.worker.rank == 0:
            if self.step > self.saved_step or not self.best:
                self.save()
                on_save(self)
            print(f"{self.stage}: {self.step} steps, {(time.monotonic() - begun) / 60:.1f} minutes in this run; best at step "
                  f"{self.best['step']} with mark {self.best['mark']:.3f} of the teacher's 1", flush=True)

    def join(self) -> float:
        """Meets the other workers; returns the progress that all agree on."""
        weights = self.weights() if self.worker.count > 1 else []
        (samples, steps), progress = self.worker.join(
            weights, self.own_steps, [self.own_samples, self.own_steps], self.progress())
        self.losses.samples += samples - self.own_samples
        self.samples, self.step = self.samples + samples, self.step + steps - self.own_steps
        self.own_samples = self.own_steps = 0
        return progress

    def _count(self, batch: int) -> None:
        self.step, self.own_steps, self.own_samples = self.step + 1, self.own_steps + 1, self.own_samples + batch

    def save(self) -> None:
        """Examines the averaged weights; keeps them as the run's student if no earlier ones of this size were better."""
        unet = self.averaged_unet()
        size = self.size(self.progress())
        scores = self._examine(unet, size)
        if not self.best or self.best["size"] != size or scores["mark"] >= self.best["mark"]:
            self.best = {"step": self.step, "size": size} | scores
            checkpoint.save(self.run / self.stage, checkpoint.prefixed("unet", unet.state_dict()),
                            self.wanted | self._remembered())
        self.resumable.save(self._remembered() | self.state())
        self.examined, self.saved_step = time.monotonic(), self.step

    def _remembered(self) -> dict:
        return {"stage": self.stage, "step": self.step, "samples": self.samples,
                "seconds": self.earlier + self.clock.spent(), "earlier_seconds": self.earlier, "best": self.best,
                "teacher_scores": self.teacher_scores}

    def _examine(self, unet: nn.Module, size: int) -> dict[str, float]:
        if size not in self.exams:
            self.exams[size] = Exam(self.run, self.pool_folder, self.preset, self.machine, self.frozen, size)
        exam = self.exams[size]
        if str(size) not in self.teacher_scores:
            self.teacher_scores[str(size)] = exam.sit(self.denoiser, self.options.teacher_steps, self.options.guidance)
        begun = time.monotonic()
        teacher, scores = self.teacher_scores[str(size)], exam.sit(unet, self.draws, 1.0)
        self.exam_seconds = time.monotonic() - begun
        scores |= {"mark": mark(scores, teacher)}
        print(f"step {self.step}, {size} px, {self.draws} steps: follows {scores['follows']:.3f} (teacher "
              f"{teacher['follows']:.3f}), frechet {scores['frechet']:.1f} (teacher {teacher['frechet']:.1f}), mark "
              f"{scores['mark']:.3f}", flush=True)
        report = Losses(self.run / f"logs/{self.stage}-scores.csv", 1)
        report.add(self.step, 0, 0.0, size=size, **scores)
        return scores

    def averaged_unet(self) -> UNet:
        unet = self.machine.place(UNet(self.preset.unet))
        unet.load_state_dict(merged(self.student, self.average.weights))
        return unet.eval().requires_grad_(False)

    def _set_rate(self, peaks: dict[str, float], progress: float) -> float:
        """Sets each group's learning rate, by its name; returns the first."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step - self.warm_from, progress, peaks[group["name"]], warmup=WARMUP, floor=0.1)
        return self.optimizer.param_groups[0]["lr"]

    def _real(self, size: int, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Latents (B, 8, h, w) of pictures of the pool, the share that subjects cover, and the captions' states."""
        pool, count = self._pool(size), self.worker.count
        share = max(1, len(pool) // count)  # each worker keeps to its own pictures, so each is encoded once
        indices = (self.rng.integers(share, size=batch) * count + self.worker.rank) % len(pool)
        prompts = ["" if self.rng.random() < CAPTION_DROPOUT else record_caption(pool.pool.records[int(index)], self.rng)
                   for index in indices]
        return pool.batch(indices), pool.coverage(indices), self.frozen.states(prompts)

    def _pool(self, size: int) -> LatentPool:
        if size not in self.latents:
            pictures = Pool(self.pool_folder, 512 if size == 512 else 256, Split.TRAIN)
            print(f"{size} px: {len(pictures)} pictures", flush=True)
            self.latents[size] = LatentPool(pictures, size, self.frozen.vae, self.machine)
        return self.latents[size]

    def _channels(self, size: int) -> Tensor:
        """How much each latent channel counts in a loss, (8,) with mean 1: as for the teacher."""
        if size not in self.weighed:
            self.weighed[size] = self._pool(size).channel_weights()
        return self.weighed[size]

    def _noise(self, like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=self.random).to(like.device)


def settings(preset: Preset, pool: Path, seed: int, options: dict) -> dict:
    """What a run that goes on must have in common with the checkpoint, beside the frozen networks and the teacher."""
    sizes = preset.as_dict()
    return {"preset": {"text": sizes["text"], "unet": sizes["unet"]}, "data": data(pool), "seed": seed,
            "options": json.loads(json.dumps(options))}
