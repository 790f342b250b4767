"""The evaluation that `python models/forge evaluate` prints, writes as JSON and draws as sheets."""

import json
from dataclasses import dataclass
from pathlib import Path

from architecture import Preset, UNet
from evaluate import Generator, Prompts, diversity, drawn_pictures, frechet, obedience, read
from scenes import Split
from sheets import contact_sheet
from training import checkpoint, vae_stage
from training.denoiser_stage import SHIFT, Frozen
from training.picture_tower import PictureTower
from training.pool import Pool
from training.run import Machine

PROMPT_SEED, DRAWN_SEED, SHEET_SEED = 2024, 4048, 24
DIVERSITY_PROMPTS, DIVERSITY_SEEDS = 8, 4


@dataclass(frozen=True)
class Settings:
    size: int
    prompts: int
    steps: tuple[int, ...]
    guidance: float


def evaluate(run: Path, pool: Path, preset: Preset, machine: Machine, settings: Settings, out: Path) -> dict:
    """Measures and writes `out`/report.json and the sheets; returns the report."""
    frozen = Frozen(run, preset, machine)
    tower, unet = machine.place(PictureTower()).eval(), machine.place(UNet(preset.unet)).eval()
    checkpoint.load_into(tower, checkpoint.load(run / "checker")[0], run / "checker")
    weights, state = checkpoint.load(run / "denoiser")
    checkpoint.load_into(unet, checkpoint.part("unet", weights), run / "denoiser")

    drawn, drawn_records = drawn_pictures(DRAWN_SEED, max(256, settings.prompts), settings.size)
    _, drawn_features = read(tower, drawn, machine)
    report = {
        "size": settings.size, "guidance": settings.guidance, "prompts": settings.prompts,
        "denoiser": {key: state[key] for key in ("step", "samples", "seconds")},
        "reconstruction_psnr_db": vae_stage.measure(frozen.vae, Pool(pool, 512, Split.HELD_OUT), machine),
        "drawn": obedience(tower, drawn, drawn_records, machine), "generated": {}}
    prompts = Prompts.sample(settings.prompts, PROMPT_SEED)
    for steps in settings.steps:
        generator = Generator(frozen, unet, preset, machine, steps=steps, guidance=settings.guidance,
                              shift=SHIFT[settings.size], size=settings.size)
        pictures = generator.pictures(prompts.texts)
        _, features = read(tower, pictures, machine)
        entry = obedience(tower, pictures, prompts.records, machine)
        entry["frechet"] = frechet(features, drawn_features)
        repeated = [text for text in prompts.texts[:DIVERSITY_PROMPTS] for _ in range(DIVERSITY_SEEDS)]
        _, spread = read(tower, generator.pictures(repeated), machine)
        entry["diversity"] = diversity(spread, DIVERSITY_SEEDS)
        report["generated"][str(steps)] = entry
        print(f"{steps} steps: " + "  ".join(f"{name} {value:.3f}" for name, value in entry.items()), flush=True)
        sheet = Prompts.sample(24, SHEET_SEED)
        contact_sheet(generator.pictures(sheet.texts), 6, out / f"sheet-{steps}-steps.png", 256)
        (out / "sheet-prompts.txt").write_text("".join(text + "\n" for text in sheet.texts))
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report
