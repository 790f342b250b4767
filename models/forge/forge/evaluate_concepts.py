"""What `evaluate` does for presets of an open vocabulary: held-out prompts, drawn by a model and by the program itself,
read by the checker of concepts."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from forge.architecture import Preset
from forge.concepts import Corpus, Planner
from forge.concepts.attributes import accuracies, labels
from forge.concepts.landscapes import Landscape, landscapes
from forge.concepts.plans import Plan
from forge.concepts.sheet import to_pixels
from forge.distillation.students import load_unet
from forge.evaluate import Generator, diversity, frechet
from forge.sheets import contact_sheet
from forge.training import concept_checker
from forge.training.concept_checker import LANDSCAPES, ConceptChecker
from forge.training.denoiser_stage import SHIFT, Frozen
from forge.training.run import Machine
from forge.training.text_stage import to_pictures

PROMPT_SEED, DRAWN_SEED = 2024, 4048
SHEET, DIVERSITY_PROMPTS, DIVERSITY_SEEDS = 40, 8, 4


@dataclass(frozen=True)
class Settings:
    """first: only things that people ask for most. simple: the 3D style alone."""

    size: int
    prompts: int
    steps: tuple[int, ...]
    guidance: float
    stage: str
    first: bool
    simple: bool


class Judge:
    """The checker, and held-out plans that pictures are drawn of."""

    def __init__(self, run: Path, assets: Path, machine: Machine, settings: Settings):
        self.machine, self.assets, self.settings = machine, assets, settings
        self.checker: ConceptChecker = concept_checker.load(run, assets, machine)
        self.corpus, self.scenery = Corpus(assets, only_first=settings.first), landscapes(LANDSCAPES)
        self.plans, self.others = self.sample(PROMPT_SEED), self.sample(DRAWN_SEED)
        self.reference = self.see(to_pixels(concept_checker.drawn(assets, self.scenery, self.others, settings.size)))

    def sample(self, seed: int) -> list[Plan]:
        planner = Planner(self.corpus, self.scenery, np.random.default_rng(seed), held_out=True, simple=self.settings.simple)
        return [planner.plan() for _ in range(self.settings.prompts)]

    @torch.no_grad()
    def see(self, pixels: np.ndarray) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """pixels (N, H, W, 3) uint8 → logits per head, features (N, 256)."""
        parts = [self.checker(to_pictures(pixels[start : start + 32], self.machine)) for start in range(0, len(pixels), 32)]
        return ({name: torch.cat([logits[name] for logits, _ in parts]) for name in parts[0][0]},
                torch.cat([features for _, features in parts]))

    def scores(self, logits: dict[str, torch.Tensor], plans: list[Plan]) -> dict[str, float]:
        return accuracies({name: values.cpu() for name, values in logits.items()},
                          labels(plans, self.scenery, len(self.corpus)), len(self.corpus))

    def measure(self, generator: Generator) -> tuple[dict[str, float], np.ndarray]:
        """How well the generator follows the plans' captions, beside distance and diversity; and its pictures."""
        pictures = generator.pictures([plan.text for plan in self.plans])
        logits, features = self.see(pictures)
        entry = self.scores(logits, self.plans) | {"frechet": frechet(features, self.reference[1])}
        repeated = [plan.text for plan in self.plans[:DIVERSITY_PROMPTS] for _ in range(DIVERSITY_SEEDS)]
        return entry | {"diversity": diversity(self.see(generator.pictures(repeated))[1], DIVERSITY_SEEDS)}, pictures


def evaluate(run: Path, assets: Path, preset: Preset, machine: Machine, settings: Settings, out: Path) -> dict:
    """Measures and writes `out`/report.json and the sheets; returns the report."""
    frozen = Frozen(run, preset, machine)
    unet, state = load_unet(run, settings.stage, preset)
    judge = Judge(run, assets, machine, settings)
    report = {"stage": settings.stage, "size": settings.size, "guidance": settings.guidance, "prompts": settings.prompts,
              "things": "first" if settings.first else "all", "steps_trained": state["step"], "samples": state["samples"],
              "drawn": judge.scores(judge.reference[0], judge.others), "generated": {}}
    out.mkdir(parents=True, exist_ok=True)
    for steps in settings.steps:
        generator = Generator(frozen, machine.place(unet), preset, machine, steps=steps, guidance=settings.guidance,
                              shift=SHIFT[settings.size], size=settings.size)
        entry, pictures = judge.measure(generator)
        report["generated"][str(steps)] = entry
        print(f"{steps} steps: " + "  ".join(f"{name} {value:.3f}" for name, value in entry.items()), flush=True)
        contact_sheet(pictures[:SHEET], 8, out / f"sheet-{steps}-steps.png", 192)
    (out / "sheet-prompts.txt").write_text("".join(plan.text + "\n" for plan in judge.plans[:SHEET]))
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report


def sheet_prompts(scenery: tuple[Landscape, ...], corpus: Corpus, count: int) -> list[str]:
    """Held-out prompts of the things that people ask for most, in the 3D style."""
    planner = Planner(corpus, scenery, np.random.default_rng(77), held_out=True, simple=True)
    return [planner.plan().text for _ in range(count)]
