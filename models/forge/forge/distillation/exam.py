"""A short examination that a student sits while it trains, so that the best of its checkpoints is kept.

Its held-out prompts are not those of `evaluate`, which nothing is chosen by.
"""

from dataclasses import replace
from pathlib import Path

from torch import nn

from forge.architecture import Preset
from forge.evaluate import Generator, Prompts, frechet
from forge.report import Judge, Reference, Settings
from forge.training.denoiser_stage import SHIFT, Frozen
from forge.training.pool import data
from forge.training.run import Machine

PROMPTS, PROMPT_SEED, FIRST_SEED = 64, 555, 50_000
FOLLOWED = ("place", "time", "kind", "colour", "side")
MOST = 1.25  # what either half of the mark can be beyond the teacher's


class Exam:
    """Prompts and judge of one picture size."""

    def __init__(self, run: Path, pool: Path, preset: Preset, machine: Machine, frozen: Frozen, size: int):
        settings = Settings(size, PROMPTS, (1,), 1.0)
        if data(pool) == "own":
            reference = Reference.own(pool, settings)
        else:
            reference = replace(Reference.drawn(settings), prompts=Prompts.sample(PROMPTS, PROMPT_SEED))
        self.preset, self.machine, self.frozen, self.size = preset, machine, frozen, size
        self.judge = Judge(run, preset, machine, reference)

    def sit(self, unet: nn.Module, steps: int, guidance: float) -> dict[str, float]:
        """Scores of the pictures that `unet` draws: "follows", the mean of the attributes (else the CLIP score), and
        "frechet"."""
        generator = Generator(self.frozen, unet, self.preset, self.machine, steps=steps, guidance=guidance,
                              shift=SHIFT[self.size], size=self.size, seed=FIRST_SEED)
        prompts = self.judge.reference.prompts
        pictures = generator.pictures(prompts.texts)
        scores = self.judge.scores(pictures, prompts.texts, prompts.records)
        known = [scores[name] for name in FOLLOWED if name in scores]
        return {"follows": sum(known) / len(known) if known else scores["clip"],
                "frechet": frechet(self.judge.see(pictures), self.judge.features)}


def mark(student: dict[str, float], teacher: dict[str, float]) -> float:
    """1 when the student is the teacher's equal: the mean of how well it follows and how near its pictures are, each as a
    share of the teacher's and at most MOST."""
    follows = student["follows"] / max(teacher["follows"], 1e-3)
    near = teacher["frechet"] / max(student["frechet"], 1e-3)
    return (max(0.0, min(MOST, follows)) + max(0.0, min(MOST, near))) / 2
