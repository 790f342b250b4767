"""Stage `eight-step`: guidance is baked into the student, then its steps are halved, 32 to 16 to 8.

In the first round the student learns the guided velocity itself, so that one call does what two did (arXiv 2210.03142).
In each later one it learns to reach in one step where its former self, frozen, gets in two (arXiv 2202.00512). Inputs
are noised latents of the pool's pictures.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from forge.architecture import Preset, UNet
from forge.training.denoiser_stage import SHIFT, flow_loss
from forge.training.run import Machine
from forge.training.workers import Alone, Worker

from .grid import Grid, two_steps
from .loop import StudentTraining, settings
from .losses import noised
from .options import Options
from .teacher import Teacher

PEAK = 1e-4


@dataclass(frozen=True)
class Round:
    """A share of the budget in which the student learns to draw in `steps` steps."""

    steps: int
    share: float
    halves: bool = True  # else it learns the teacher's guided velocity


@dataclass(frozen=True)
class Phase:
    """A share of every round at one picture size."""

    size: int
    share: float
    batch: int  # of each worker on CPUs


ROUNDS = (Round(32, 0.4, halves=False), Round(16, 0.25), Round(8, 0.35))
PHASES = (Phase(128, 0.15, 32), Phase(256, 0.35, 16), Phase(512, 0.5, 8))


def phases(smallest: int, largest: int) -> list[Phase]:
    """The phases of sizes between the two, sharing out the whole."""
    kept = [phase for phase in PHASES if smallest <= phase.size <= largest]
    whole = sum(phase.share for phase in kept)
    return [Phase(phase.size, phase.share / whole, phase.batch) for phase in kept]


def at(parts: list, progress: float) -> tuple[int, float]:
    """Which of the parts, by their shares, a progress in [0, 1] lies in, and the progress within it."""
    begin = 0.0
    for index, part in enumerate(parts):
        if progress < begin + part.share or index == len(parts) - 1:
            return index, min(1.0, (progress - begin) / part.share)
        begin += part.share
    raise ValueError("no parts")


class EightStepTraining(StudentTraining):
    stage = "eight-step"
    draws = 8

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine,
                 options: Options, worker: Alone | Worker = Alone(), seed: int = 6):
        wanted = settings(preset, pool_folder, seed, options.of_eight_steps())
        super().__init__(run, pool_folder, preset, minutes, machine, wanted, options, worker, seed)
        student, former = (machine.place(UNet(preset.unet)) for _ in range(2))
        for unet in (student, former):
            unet.load_state_dict(self.denoiser.state_dict())
        self.module = nn.ModuleDict({"student": student, "former": former.eval().requires_grad_(False)})
        self.optimizer = torch.optim.AdamW(
            [{"params": list(student.parameters()), "name": "student"}], lr=PEAK, betas=(0.9, 0.99), weight_decay=0.0,
            fused=True)
        self.round = self._resume().get("round", 0)
        self.former = Teacher(former, self.empty, 1.0, machine)
        self.forward = machine.compile(self.student)

    def state(self) -> dict:
        return {"round": self.round}

    def size(self, progress: float) -> int:
        return self._phase(progress).size

    def _phase(self, progress: float) -> Phase:
        _, within = at(ROUNDS, progress)
        kept = phases(self.options.smallest, self.options.largest)
        return kept[at(kept, within)[0]]

    def _enter(self, number: int) -> None:
        """Begins a round: the workers' averages become the student and its former self."""
        averages = self.average.weights
        if self.worker.count > 1:
            self.worker.join(averages.values(), 1, [], 0.0)
        self.student.load_state_dict(averages)
        self.module["former"].load_state_dict(averages)
        self.round = number
        print(f"round of {ROUNDS[number].steps} steps", flush=True)

    def _step(self, progress: float) -> None:
        number, _ = at(ROUNDS, progress)
        if number > self.round:
            self._enter(number)
        phase = self._phase(progress)
        rate = self._set_rate({"student": PEAK}, progress)
        batch = phase.batch * self.batches
        clean, coverage, states = self._real(phase.size, batch)
        grid = Grid(ROUNDS[self.round].steps, SHIFT[phase.size])
        now, middle, end = (t.to(clean.device) for t in grid.draw(batch, self.random))
        x = noised(clean, self._noise(clean), now)
        target = self._target(x, now, middle, end, states)
        with self.machine.mixed_precision():
            velocity = self.forward(x, 1000 * now, states)
        loss = flow_loss(velocity.float(), target, coverage, self._channels(phase.size))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.student)
        self._count(batch)
        if self.worker.rank == 0:
            self.losses.add(self.step, batch, rate, velocity=loss.item())

    def _target(self, x: Tensor, now: Tensor, middle: Tensor, end: Tensor, states: Tensor) -> Tensor:
        if not ROUNDS[self.round].halves:
            return self.teacher.velocity(x, now, states)
        return two_steps(lambda sample, t: self.former.velocity(sample, t, states), x, now, middle, end)
