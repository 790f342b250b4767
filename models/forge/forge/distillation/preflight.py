"""Whether the students of a run's folder fit what they are asked to go on with: asked before anything is trained."""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from forge.architecture import Preset, UNet
from forge.stages import DENOISERS, seed_of
from forge.training import checkpoint
from forge.training.settings import check

from . import pairs
from .loop import settings
from .lora import LowRank
from .options import SIZES, Options
from .students import identity, load_unet


def check_students(run: Path, preset: Preset, pool: Path, options: Options, seed: int | None, stage: str) -> None:
    """Before `stage` is trained: FileNotFoundError where it has no teacher; ValueError names the checkpoint that is
    damaged, of another architecture, made with other settings, or of another teacher than lies beside it."""
    teacher = identity(load_unet(run, "denoiser", preset)[0])
    seed = seed_of(stage, seed)
    chosen = options.of_one_step() if stage == "one-step" else options.of_eight_steps()
    wanted = settings(preset, pool, seed, chosen) | {"teacher": teacher}
    if stage == "one-step":
        check_start(run, preset, teacher, options)
        start = "eight-step" if checkpoint.exists(run / "eight-step") else "denoiser"
        if options.pairs_from == "eight-step" and start == "denoiser":
            raise FileNotFoundError(f"pairs are to come from the eight-step student, which {run} has not: train --stage "
                                    "eight-step first, or take pairs from the teacher")
        wanted |= {"start": identity(load_unet(run, start, preset)[0])}
        for size in SIZES:
            pairs.check(run / f"pairs-{size}", pairs.made_with(options, teacher, wanted["start"]) | {"size": size})
    for folder in (run / stage, run / f"{stage}-training"):
        if checkpoint.exists(folder):
            check(folder, checkpoint.read_state(folder), wanted)
            shapes = checkpoint.shapes(folder)
            with torch.device("meta"):
                unet: nn.Module = UNet(preset.unet)
            if folder.name == stage:
                checkpoint.check_fits(unet, checkpoint.part("unet", shapes), folder)
            else:
                student = LowRank(unet, options.rank) if stage == "one-step" and options.tune == "lora" else unet
                checkpoint.check_fits(student, checkpoint.part("model.student", shapes), folder)


def check_start(run: Path, preset: Preset, teacher: str, options: Options) -> None:
    """The eight-step student that one step starts from must be this teacher's, with the same guidance."""
    if checkpoint.exists(run / "eight-step"):
        load_unet(run, "eight-step", preset)
        check(run / "eight-step", checkpoint.read_state(run / "eight-step"),
              {"teacher": teacher, "options": {"guidance": options.guidance}})


def check_students_fit(run: Path, preset: Preset, stages: Iterable[str] = tuple(DENOISERS)) -> None:
    """Before a run is measured, exported or published: each of these students must be of the denoiser that lies beside
    it."""
    for stage in stages:
        if stage != "denoiser" and checkpoint.exists(run / stage):
            load_unet(run, stage, preset)
            check(run / stage, checkpoint.read_state(run / stage),
                  {"teacher": identity(load_unet(run, "denoiser", preset)[0])})
