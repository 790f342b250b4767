"""The evaluation that `python models/forge evaluate` prints, writes as JSON and draws as sheets."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from forge.architecture import Preset
from forge.comparison import write as write_comparison
from forge.distillation.students import load_unet
from forge.evaluate import Clip, Generator, Prompts, diversity, drawn_pictures, frechet, obedience, read
from forge.scenes import Split
from forge.sheets import contact_sheet, side_by_side
from forge.training import checkpoint, vae_stage
from forge.training.denoiser_stage import SHIFT, Frozen
from forge.training.picture_tower import PictureTower
from forge.training.pool import Pool, data
from forge.training.run import Machine

PROMPT_SEED, DRAWN_SEED, SHEET_SEED = 2024, 4048, 24
DIVERSITY_PROMPTS, DIVERSITY_SEEDS = 8, 4
REFERENCE_PICTURES = 256  # at least; as many as there are prompts


@dataclass(frozen=True)
class Settings:
    size: int
    prompts: int
    steps: tuple[int, ...]
    guidance: float
    stage: str = "denoiser"
    teacher_steps: int | None = None  # of the denoiser that the stage's is held against; None: against nothing
    sheet_seeds: int = 1


TEACHER_GUIDANCE = 2.5  # where the student does not say what was baked in


@dataclass(frozen=True)
class Reference:
    """What generated pictures are compared with, and the prompts that they are generated for."""

    pixels: np.ndarray  # (N, size, size, 3) uint8
    texts: list[str]  # N captions of them
    records: list[dict] | None  # N scenes; None for one's own pictures, whose attributes nobody knows
    prompts: Prompts
    sheet: list[str]  # prompts of the sheet

    @staticmethod
    def drawn(settings: Settings) -> "Reference":
        """The program's own pictures of held-out scenes; prompts are of other ones."""
        pixels, records, texts = drawn_pictures(
            DRAWN_SEED, max(REFERENCE_PICTURES, settings.prompts), settings.size)
        return Reference(pixels, texts, records, Prompts.sample(settings.prompts, PROMPT_SEED),
                         Prompts.sample(24, SHEET_SEED).texts)

    @staticmethod
    def own(pool: Path, settings: Settings) -> "Reference":
        """Imported pictures, held out or not; the prompts are their captions, those of held-out ones first."""
        size = 512 if settings.size == 512 else 256
        held_out, train = Pool(pool, size, Split.HELD_OUT), Pool(pool, size, Split.TRAIN)
        indices = np.arange(min(len(train), max(REFERENCE_PICTURES, settings.prompts)))
        pixels = np.concatenate([held_out.batch(np.arange(len(held_out))), train.batch(indices)])
        records = held_out.records + [train.records[int(index)] for index in indices]
        texts = [record["captions"][0] for record in records]
        prompts = Prompts([], texts[: settings.prompts])
        return Reference(pixels, texts, None, prompts, prompts.texts[:24])


class Judge:
    """The networks that look at pictures: the checker, or without one the text stage's picture tower; and the CLIP."""

    def __init__(self, run: Path, preset: Preset, machine: Machine, reference: Reference):
        self.machine, self.reference = machine, reference
        self.tower, self.clip = machine.place(PictureTower()).eval(), Clip(run, preset, machine)
        if reference.records is None:
            self.tower = self.clip.pictures
        else:
            checkpoint.load_into(self.tower, checkpoint.load(run / "checker")[0], run / "checker")
        self.features = self.see(reference.pixels)

    def see(self, pixels: np.ndarray) -> Tensor:
        return read(self.tower, pixels, self.machine)[1]

    def scores(self, pixels: np.ndarray, texts: list[str], records: list[dict] | None) -> dict[str, float]:
        """How well pictures follow their captions: obedience where their attributes are known, and the CLIP score."""
        known = obedience(self.tower, pixels, records, self.machine) if records else {}
        return known | {"clip": self.clip.score(texts, pixels)}


def measure(judge: Judge, generator: Generator) -> dict[str, float]:
    prompts = judge.reference.prompts
    pictures = generator.pictures(prompts.texts)
    entry = judge.scores(pictures, prompts.texts, prompts.records)
    entry["frechet"] = frechet(judge.see(pictures), judge.features)
    repeated = [text for text in prompts.texts[:DIVERSITY_PROMPTS] for _ in range(DIVERSITY_SEEDS)]
    entry["diversity"] = diversity(judge.see(generator.pictures(repeated)), DIVERSITY_SEEDS)
    return entry


def draw_sheets(generator: Generator, texts: list[str], seeds: int, out: Path, name: str) -> np.ndarray:
    """Every prompt with its first seed, `name`.png; and with all its seeds side by side, `name`-seeds.png. Picture i of
    the first starts from the generator's seed + i. Returns the first's pictures (N, size, size, 3)."""
    first = np.arange(len(texts))
    noise = [generator.seed + int(index) + len(texts) * turn for index in first for turn in range(seeds)]
    pictures = generator.pictures([text for text in texts for _ in range(seeds)], seeds=noise)
    contact_sheet(pictures[first * seeds], 6, out / f"{name}.png", 256)
    if seeds > 1:
        contact_sheet(pictures, 4 * seeds, out / f"{name}-seeds.png", 160)
    return pictures[first * seeds]


def evaluate(run: Path, pool: Path, preset: Preset, machine: Machine, settings: Settings, out: Path) -> dict:
    """Measures and writes `out`/report.json and the sheets, and for a student the comparison with its teacher; returns
    the report."""
    frozen = Frozen(run, preset, machine)
    unet, state = load_unet(run, settings.stage, preset)
    reference = Reference.own(pool, settings) if data(pool) == "own" else Reference.drawn(settings)
    judge = Judge(run, preset, machine, reference)
    report = {
        "stage": settings.stage, "size": settings.size, "guidance": settings.guidance,
        "prompts": len(reference.prompts.texts), "reference_pictures": len(reference.pixels),
        settings.stage: {key: state[key] for key in ("step", "samples", "seconds")},
        "reconstruction_psnr_db": vae_stage.measure(frozen.vae, Pool(pool, 512, Split.HELD_OUT), machine),
        "drawn" if reference.records else "own": judge.scores(reference.pixels, reference.texts, reference.records),
        "generated": {}}
    out.mkdir(parents=True, exist_ok=True)
    sheets: dict[str, np.ndarray] = {}

    def examine(network, title: str, steps: int, guidance: float, sheet: str) -> dict[str, float]:
        generator = Generator(frozen, machine.place(network), preset, machine, steps=steps, guidance=guidance,
                              shift=SHIFT[settings.size], size=settings.size)
        entry = measure(judge, generator)
        print(f"{title}: " + "  ".join(f"{name} {value:.3f}" for name, value in entry.items()), flush=True)
        sheets[sheet] = draw_sheets(generator, reference.sheet, settings.sheet_seeds, out, sheet)
        return entry

    for steps in settings.steps:
        report["generated"][str(steps)] = examine(
            unet, f"{steps} steps", steps, settings.guidance, f"sheet-{steps}-steps")
    if settings.teacher_steps:
        guidance = state.get("options", {}).get("guidance", TEACHER_GUIDANCE)
        report |= {"teacher_steps": settings.teacher_steps, "teacher_guidance": guidance}
        report["teacher"] = examine(load_unet(run, "denoiser", preset)[0], f"teacher, {settings.teacher_steps} steps",
                                    settings.teacher_steps, guidance, "sheet-teacher")
        write_comparison(report, out)
        beside = side_by_side(sheets[f"sheet-{min(settings.steps)}-steps"], sheets["sheet-teacher"])
        contact_sheet(beside, 8, out / "sheet-beside-teacher.png", 160)
    (out / "sheet-prompts.txt").write_text("".join(text + "\n" for text in reference.sheet))
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report
