"""Stage `one-step`: UFOGen's diffusion-GAN fine-tuning (arXiv 2311.09257) in its flow-matching form.

The generator starts from the eight-step student, or from the teacher where there is none. Each picture size has two parts:

- regress: on pairs of noise and what the guided teacher, or the eight-step student, made of it, at t = 1. Guidance is
  baked in by that.
- adversarial: x_t of a real picture (half of the batch: pure noise) gives x0'; the discriminator judges x0' and the
  picture, each noised afresh to t - 1/4, position by position. Real pictures under another's caption are negatives too.
  Beside it the regression on pairs, ever less, and the reconstruction loss, where x_t still shows the picture.

With an eight-step start every picture of the adversarial part is made of pure noise, and at the other times that eight
steps stop at the generator is held to the velocities that it had: one set of weights serves one step and eight.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forge.architecture import Preset, UNet
from forge.training import checkpoint
from forge.training.denoiser_stage import SHIFT, flow_loss
from forge.training.run import Machine
from forge.training.workers import Alone, Worker

from .discriminator import discriminator
from .eight_step import at
from .grid import Grid
from .loop import StudentTraining, settings
from .lora import LowRank
from .losses import clean_estimate, discriminator_loss, feature_distance, generator_loss, judged_time, noised, pseudo_huber
from .matching import OwnPictures, times
from .options import Options
from .pairs import SHARD, Pairs, made_with
from .students import identity, load_unet
from .teacher import Teacher

LIMIT = 10_000  # iterations that the paper's stage stays below
STEPS = 9_500  # at which this one ends if its minutes last so long
REGRESS_PEAK, ADVERSARIAL_PEAK, JUDGE_PEAK = 2e-4, 1e-4, 1e-4
LORA_FACTOR = 5.0  # low-rank changes learn at a higher rate
PAIRS_SHARE = 0.4  # of a regression's time for making its pairs, at most
MOST_PAIRS = 16_384
RECONSTRUCTION, HOLD = 1.0, 2.0
ANCHOR = (1.0, 0.2)  # weight of the pairs when an adversarial part begins and ends
LISTEN_FROM = 0.1  # share of an adversarial part after which a discriminator from zero is fully listened to


@dataclass(frozen=True)
class Rows:
    """What the generator is asked: x (B, 8, h, w), t (B,) in [0, 1], text states (B, L, D)."""

    x: Tensor
    t: Tensor
    states: Tensor


@dataclass(frozen=True)
class Part:
    size: int
    share: float
    batch: int  # of each worker on CPUs
    adversarial: bool


PARTS = (Part(128, 0.08, 32, False), Part(256, 0.17, 16, False), Part(256, 0.25, 12, True), Part(512, 0.3, 8, False),
         Part(512, 0.2, 4, True))
SMALL = (Part(128, 0.4, 32, False), Part(128, 0.6, 24, True))


def parts(smallest: int, largest: int) -> list[Part]:
    """The parts of sizes between the two, sharing out the whole."""
    kept = SMALL if largest == 128 else [part for part in PARTS if smallest <= part.size <= largest]
    whole = sum(part.share for part in kept)
    return [Part(part.size, part.share / whole, part.batch, part.adversarial) for part in kept]


class OneStepTraining(StudentTraining):
    stage = "one-step"
    draws = 1
    average_decay = 0.995

    def __init__(self, run: Path, pool_folder: Path, preset: Preset, minutes: float, machine: Machine,
                 options: Options, worker: Alone | Worker = Alone(), seed: int = 7):
        wanted = settings(preset, pool_folder, seed, options.of_one_step())
        super().__init__(run, pool_folder, preset, minutes, machine, wanted, options, worker, seed)
        self.parts = parts(options.smallest, options.largest)
        start = self._start()
        student: nn.Module = UNet(preset.unet)
        student.load_state_dict(start)
        if options.tune == "lora":
            student = LowRank(student, options.rank)
        student = machine.place(student)
        teacher = self.denoiser.state_dict()
        judge = machine.place(discriminator(options.discriminator, preset.unet, teacher))
        self.module = nn.ModuleDict({"student": student, "judge": judge})
        factor = LORA_FACTOR if options.tune == "lora" else 1.0
        self.peaks = {False: {"student": factor * REGRESS_PEAK, "judge": JUDGE_PEAK, "own": JUDGE_PEAK},
                      True: {"student": factor * ADVERSARIAL_PEAK, "judge": JUDGE_PEAK, "own": JUDGE_PEAK}}
        groups = [self._group("student", student, (0.9, 0.99)), self._group("judge", judge, (0.0, 0.99))]
        if options.distribution_matching:
            self.module["own"] = machine.place(OwnPictures(preset.unet, teacher))
            groups.append(self._group("own", self.module["own"], (0.0, 0.99)))
        self.optimizer = torch.optim.AdamW(groups, lr=REGRESS_PEAK, weight_decay=0.0, fused=True)
        self._resume()
        self.pairs: Pairs | None = None
        self.generator = student if options.tune == "lora" else machine.compile(student)
        self.judge = machine.compile(judge)

    def _start(self) -> dict[str, Tensor]:
        """The weights that the generator starts from; sets `held`, whose eight steps it keeps."""
        self.held: Teacher | None = None
        begin = self.denoiser
        if checkpoint.exists(self.run / "eight-step"):
            begin = self.machine.place(load_unet(self.run, "eight-step", self.preset)[0])
            self.held = Teacher(begin, self.empty, 1.0, self.machine)
        self.wanted |= {"start": identity(begin)}
        return begin.state_dict()

    def _group(self, name: str, module: nn.Module, betas: tuple[float, float]) -> dict:
        trained = [weight for weight in module.parameters() if weight.requires_grad]
        return {"params": trained, "name": name, "betas": betas}

    def progress(self) -> float:
        """By the clock or by iterations, whichever is further."""
        return min(1.0, max(self.clock.progress(), self.step / STEPS))

    def size(self, progress: float) -> int:
        return self.parts[at(self.parts, progress)[0]].size

    def save(self) -> None:
        if self.step >= LIMIT:
            raise AssertionError(f"one step took {self.step} iterations, which must stay below {LIMIT}")
        super().save()

    def _step(self, progress: float) -> None:
        number, within = at(self.parts, progress)
        part = self.parts[number]
        batch = part.batch * self.batches
        if self.pairs is None or self.pairs.size != part.size:
            self._open_pairs(part.size)
        if self._make_pairs(within, part.adversarial):
            return
        self.pairs.load()
        self._set_rate(self.peaks[part.adversarial], progress)
        losses = self._adversarial(part, batch, within) if part.adversarial else self._regress(part, batch)
        self._count(batch)
        if self.worker.rank == 0:
            names = ("pairs", "hold", "judge", "real", "fake", "adversarial", "reconstruction", "features", "matching")
            self.losses.add(self.step, batch, self.optimizer.param_groups[0]["lr"],
                            **{name: losses.get(name, float("nan")) for name in names})

    def _open_pairs(self, size: int) -> None:
        wanted = made_with(self.options, self.wanted["teacher"], self.wanted["start"])
        self.pairs = Pairs(self.pairs_folder(size), size, wanted, self.pool_folder)
        self.pairs.load()

    def pairs_folder(self, size: int) -> Path:
        return self.run / f"pairs-{size}"

    def _make_pairs(self, within: float, adversarial: bool) -> bool:
        """Makes this worker's next shard of pairs if there is time for it, or none yet; whether it did."""
        there = len(self.pairs.shards())
        if there and (adversarial or within >= PAIRS_SHARE or there * SHARD >= MOST_PAIRS):
            return False
        index = self.worker.rank
        while (self.pairs.folder / f"{index:05d}").exists():
            index += self.worker.count
        source = self.held if self.options.pairs_from == "eight-step" else self.teacher
        self.pairs.make(index, source, self.frozen)
        return True

    def _pair_rows(self, batch: int) -> tuple[Rows, Tensor]:
        """Pure noise, and what the teacher made of it."""
        noise, target, states = self.pairs.batch(self.rng.integers(len(self.pairs), size=batch), self.frozen)
        return Rows(noise, torch.ones(batch, device=noise.device), states), target

    def _held_rows(self, size: int, batch: int) -> tuple[Rows, Tensor, Tensor]:
        """Noised pictures at the times that eight steps stop at after the first, the velocities there that the eight-step
        start has, and the subjects' share of each cell."""
        clean, coverage, states = self._real(size, batch)
        t = Grid(8, SHIFT[size]).draw(batch, self.random, first=1)[0].to(clean.device)
        x = noised(clean, self._noise(clean), t)
        return Rows(x, t, states), self.held.velocity(x, t, states), coverage

    def _velocities(self, *rows: Rows) -> tuple[Tensor, ...]:
        """The generator's, fp32, in one pass over all rows: a compiled network then meets one shape per part."""
        x, t, states = (torch.cat([getattr(each, name) for each in rows]) for name in ("x", "t", "states"))
        with self.machine.mixed_precision():
            velocity = self.generator(x.contiguous(memory_format=torch.channels_last), 1000 * t, states).float()
        return velocity.split([len(each.t) for each in rows])

    def _regress(self, part: Part, batch: int) -> dict[str, float]:
        pairs, target = self._pair_rows(batch)
        losses: dict[str, Tensor] = {}
        channels = self._channels(part.size)
        if self.held:
            held, wanted, coverage = self._held_rows(part.size, max(1, batch // 4))
            velocity, kept = self._velocities(pairs, held)
            losses["hold"] = flow_loss(kept, wanted, coverage, channels)
        else:
            velocity, = self._velocities(pairs)
        losses["pairs"] = pseudo_huber(clean_estimate(pairs.x, velocity, pairs.t), target, channels)
        self._update("student", losses["pairs"] + HOLD * losses.get("hold", 0.0))
        return {name: loss.item() for name, loss in losses.items()}

    def _update(self, name: str, loss: Tensor) -> None:
        """One optimizer step on the named network: no loss reaches the weights of two."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._weights(name), 1.0)
        self.optimizer.step()
        if name == "student":
            self.average.update(self.student)

    def _weights(self, name: str) -> list[Tensor]:
        return next(group["params"] for group in self.optimizer.param_groups if group["name"] == name)

    def _judge(self, latents: Tensor, t: Tensor, states: Tensor) -> tuple[Tensor, list[Tensor]]:
        with self.machine.mixed_precision():
            return self.judge(latents, t, states)

    def _adversarial(self, part: Part, batch: int, within: float) -> dict[str, float]:
        clean, coverage, states = self._real(part.size, batch)
        channels = self._channels(part.size)
        t = torch.ones(batch)
        if not self.held:
            t[batch // 2 :] = 1 - torch.rand(batch - batch // 2, generator=self.random)
        t, noise = t.to(clean.device), self._noise(clean)
        main = Rows(noised(clean, noise, t), t, states)
        pairs, target = self._pair_rows(max(1, batch // 2))
        if self.held:
            held, wanted, share = self._held_rows(part.size, max(1, batch // 2))
            velocity, anchor, kept = self._velocities(main, pairs, held)
        else:
            velocity, anchor = self._velocities(main, pairs)
        made, again = clean_estimate(main.x, velocity, t), judged_time(t)
        fake, real = noised(made, self._noise(clean), again), noised(clean, self._noise(clean), again)
        losses = self._teach_judge(fake.detach(), real, again, states)
        if "own" in self.module:
            self._teach_own(made.detach(), states)
        for weight in self._weights("judge"):
            weight.requires_grad_(False)
        loss = min(1.0, within / LISTEN_FROM) * self._please_judge(fake, real, again, states, losses)
        losses["pairs"] = pseudo_huber(clean_estimate(pairs.x, anchor, pairs.t), target, channels)
        loss = loss + float(np.interp(within, (0, 1), ANCHOR)) * losses["pairs"]
        if self.held:
            losses["hold"] = flow_loss(kept, wanted, share, channels)
            loss = loss + HOLD * losses["hold"]
        else:
            # Of pure noise the likeliest picture is the mean of all: there the pairs say what is wanted.
            weight = (1 - t).sqrt()[:, None, None, None]
            losses["reconstruction"] = flow_loss(weight * velocity, weight * (noise - clean), coverage, channels)
            loss = loss + RECONSTRUCTION * losses["reconstruction"]
        if "own" in self.module:
            losses["matching"] = self.module["own"].matching_loss(
                made, self._noise(clean), times(batch, self.random, clean.device), states, self.teacher)
            loss = loss + self.options.distribution_matching * losses["matching"]
        self._update("student", loss)
        for weight in self._weights("judge"):
            weight.requires_grad_(True)
        return {name: value.item() for name, value in losses.items()}

    def _please_judge(self, fake: Tensor, real: Tensor, t: Tensor, states: Tensor, losses: dict[str, Tensor]) -> Tensor:
        """The weighted losses of the generator before the discriminator; adds them to `losses`."""
        logits, features = self._judge(fake, t, states)
        losses["adversarial"] = generator_loss(logits)
        loss = self.options.adversarial * losses["adversarial"]
        if self.options.feature_matching:
            with torch.no_grad():
                wanted = self._judge(real, t, states)[1]
            losses["features"] = feature_distance(wanted, features)
            loss = loss + self.options.feature_matching * losses["features"]
        return loss

    def _teach_judge(self, fake: Tensor, real: Tensor, t: Tensor, states: Tensor) -> dict[str, Tensor]:
        """One step of the discriminator; returns its loss and how likely it found both sides to be real."""
        judged, strange = [fake, real], None
        contexts = [states, states]
        if self.options.mismatched:
            judged, contexts = [*judged, real], [*contexts, states.roll(1, dims=0)]
        logits, _ = self._judge(torch.cat(judged).contiguous(memory_format=torch.channels_last),
                                t.repeat(len(judged)), torch.cat(contexts))
        logits = logits.chunk(len(judged))
        if self.options.mismatched:
            strange = logits[2]
        loss = discriminator_loss(logits[1], logits[0], strange, self.options.mismatched)
        self._update("judge", loss)
        return {"judge": loss.detach(), "real": logits[1].detach().sigmoid().mean(),
                "fake": logits[0].detach().sigmoid().mean()}

    def _teach_own(self, made: Tensor, states: Tensor) -> None:
        t = times(len(made), self.random, made.device)
        self._update("own", self.module["own"].flow_loss(made, self._noise(made), t, states, self.machine))
