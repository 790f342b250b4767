"""Stage `concepts-polish`: the decoder learns to make sharp pictures of what an open vocabulary's denoiser draws in one step.

The noise's longest waves choose all that a caption leaves open, so the picture that a one-step drawing should have become
is known: it is composed from the same plan. Crops of drawings are decoded and compared with it: the autoencoder's own loss,
and a patch discriminator's, of which the inner features count as well (pix2pixHD, arXiv 1711.11585). A share of the crops
is of pictures' own latents, so that edited pictures keep what they were. Encoder and denoiser are frozen.
"""

from collections import deque
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forge.architecture import Preset
from forge.architecture.variates import with_variates
from forge.concepts import Corpus, Planner, assets
from forge.concepts.choices import VARIATES
from forge.concepts.compose import Batch, Composer
from forge.concepts.landscapes import landscapes
from forge.concepts.ring import Lesson
from forge.concepts.sprites import Sprites
from forge.training import checkpoint
from forge.training.concept_stage import LANDSCAPES
from forge.training.denoiser_stage import Frozen
from forge.training.resumable import Resumable
from forge.training.run import Average, Clock, Losses, Machine, learning_rate
from forge.training.vae_stage import NOISE, psnr, reconstruction_loss

from .losses import clean_estimate
from .polish import PatchJudge, teach, write_polished
from .students import identity, load_unet

SIZE, CELLS = 512, 16  # pixels of a picture; latent cells along a crop's edge
TOGETHER, SHELF = 8, 240  # pictures that are drawn at once, and kept to be cropped
EVERY = 12  # steps from one drawing to the next
CROPS, OWN = 16, 4  # crops of a step, and how many of them are of pictures' own latents
PEAK = 3e-4
FEATURES, ADVERSARIAL, ADVERSARIAL_FROM = 0.4, 0.03, 0.1  # the last: share of the budget before it begins
MEASURED = 16  # held-out pictures
LESSON = Lesson("first", 12.0, True)


class Studio:
    """Composes pictures of plans and has the denoiser draw the same."""

    def __init__(self, folder: Path, frozen: Frozen, unet: nn.Module, machine: Machine, rng: np.random.Generator, held_out: bool):
        self.frozen, self.unet, self.machine, self.rng = frozen, unet, machine, rng
        scenery = landscapes(LANDSCAPES)
        self.planner = Planner(Corpus(folder, favour=LESSON.favour), scenery, rng, held_out=held_out, simple=LESSON.simple)
        self.composer = Composer(Sprites(folder), scenery, SIZE, machine.device)

    @torch.no_grad()
    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """→ latents as drawn in one step and as encoded (count, 8, 64, 64), the pictures (count, 3, 512, 512)."""
        variates = self.rng.random((count, VARIATES), np.float32)
        plans = [self.planner.plan(row) for row in variates]
        pictures = self.composer(Batch.of(plans))[0]
        with self.machine.mixed_precision():
            clean = self.frozen.vae.encode(pictures).float()
        seed = int(self.rng.integers(2**40))
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
        noise = with_variates(noise, torch.from_numpy(variates)).to(clean.device)
        t = torch.ones(count, device=clean.device)
        with self.machine.mixed_precision():
            velocity = self.unet(noise, 1000 * t, self.frozen.states([plan.text for plan in plans])).float()
        return clean_estimate(noise, velocity, t), clean, pictures


class ConceptPolish:
    """One run of the stage; saved every few minutes and resumed from there."""

    def __init__(self, run: Path, folder: Path, preset: Preset, minutes: float, machine: Machine, seed: int):
        sprites = assets.check(folder)["sprites_sha256"]
        torch.manual_seed(seed)
        self.run, self.machine = run, machine
        self.frozen = Frozen(run, preset, machine)
        unet = machine.place(load_unet(run, "denoiser", preset)[0])
        self.vae, self.decoder = self.frozen.vae, self.frozen.vae.decoder.requires_grad_(True)
        self.module = nn.ModuleDict({"decoder": self.decoder, "judge": machine.place(PatchJudge())})
        self.average = Average(self.decoder, 0.998)
        self.optimizer = torch.optim.AdamW(
            [{"params": list(self.decoder.parameters()), "betas": (0.9, 0.99)},
             {"params": list(self.module["judge"].parameters()), "betas": (0.0, 0.99)}],
            lr=PEAK, weight_decay=0.0, fused=True)
        wanted = {"sprites_sha256": sprites, "seed": seed, "denoiser": identity(unet)}
        self.resumable = Resumable(run / "polish-training", self.module, self.average, self.optimizer, wanted)
        self.exam = Studio(folder, self.frozen, unet, machine, np.random.default_rng([seed, 2**31]), True).draw(MEASURED)
        self.start = self.quality()
        state = self.resumable.resume() or {"step": 0, "seconds": 0.0, "start": self.start}
        self.step, self.start = state["step"], state["start"]
        self.clock = Clock(minutes, state["seconds"])
        self.losses = Losses(run / "logs/polish.csv", 20)
        self.rng = np.random.default_rng([seed, self.step])
        self.studio = Studio(folder, self.frozen, unet, machine, self.rng, False)
        self.shelf: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=SHELF // TOGETHER)

    def train(self) -> None:
        while self.clock.progress() < 1:
            self._step(self.clock.progress())
            if self.resumable.due():
                self.resumable.save({"step": self.step, "seconds": self.clock.spent(), "start": self.start})
        self.finish()

    def _crops(self) -> tuple[Tensor, Tensor]:
        """latents (CROPS, 8, CELLS, CELLS), the first OWN of them pictures' own with the noise that the decoder was trained
        with, and the pictures (CROPS, 3, 8 CELLS, 8 CELLS) behind them."""
        if self.step % EVERY == 0 or not self.shelf:
            self.shelf.append(self.studio.draw(TOGETHER))
        small, large = [], []
        for position in range(CROPS):
            drawn, clean, pictures = self.shelf[int(self.rng.integers(len(self.shelf)))]
            row, (y, x) = int(self.rng.integers(TOGETHER)), self.rng.integers(drawn.shape[-1] - CELLS + 1, size=2)
            latents = clean if position < OWN else drawn
            small.append(latents[row, :, y : y + CELLS, x : x + CELLS])
            large.append(pictures[row, :, 8 * y : 8 * (y + CELLS), 8 * x : 8 * (x + CELLS)])
        latents = torch.stack(small)
        latents[:OWN] += NOISE * torch.randn_like(latents[:OWN])
        return latents, torch.stack(large)

    def _step(self, progress: float) -> None:
        rate = learning_rate(self.step, progress, PEAK, warmup=50, floor=0.05, decay_from=0.3)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        latents, target = self._crops()
        with self.machine.mixed_precision():
            output = self.vae.decode(latents).float()
        loss = reconstruction = reconstruction_loss(output, target)
        parts = {"features": float("nan"), "judge": float("nan"), "fooled": float("nan")}
        if progress >= ADVERSARIAL_FROM:
            judged, parts = self._judged(output, target)
            loss = loss + judged
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for weight in self.module["judge"].parameters():
            weight.grad = None
        nn.utils.clip_grad_norm_(self.decoder.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.decoder)
        self.step += 1
        self.losses.add(self.step, CROPS, rate, loss=reconstruction.item(), psnr=psnr(output.detach(), target), **parts)

    def _judged(self, made: Tensor, real: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Teaches the patch discriminator (hinge loss); → the decoder's loss before it, with the distance of its features."""
        judge = self.module["judge"]
        told = teach(judge, self.optimizer, made, real, self.machine)
        with torch.no_grad(), self.machine.mixed_precision():
            wanted, _ = judge.levels(real)
        with self.machine.mixed_precision():
            levels, verdict = judge.levels(made)
        distance = torch.stack([(a.float() - b.float()).abs().mean() for a, b in zip(levels, wanted)]).mean()
        return (ADVERSARIAL * -verdict.float().mean() + FEATURES * distance,
                {"features": distance.item()} | told)

    @torch.no_grad()
    def quality(self) -> dict[str, float]:
        """PSNR in dB of held-out pictures: decoded from their own latents, and from what the denoiser draws in one step."""
        drawn, clean, pictures = self.exam

        def mean(latents: Tensor) -> float:
            return float(np.mean([psnr(self.vae.decode(each[None]).float(), picture[None]) for each, picture in zip(latents, pictures)]))

        return {"psnr_512": mean(clean), "drawn_psnr": mean(drawn)}

    def finish(self) -> None:
        """Averages become the decoder; measures, writes run/vae and removes what only a stopped run needs."""
        self.decoder.load_state_dict(self.average.weights)
        write_polished(self.run, self.vae, "denoiser", self.clock.spent() / 60, self.start, self.quality())
        checkpoint.remove(self.resumable.folder)
