"""What each command of the forge does, once its arguments are read."""

import json
import subprocess
from functools import partial
from argparse import Namespace
from pathlib import Path

import torch

from architecture import Preset, UNet, preset
from scenes import Split
from training import checker_stage, checkpoint, denoiser_stage, pool, text_stage, vae_stage, workers
from training.run import Machine

# Shares of a whole budget; the rest goes to drawing.
SHARES = {"text": 0.06, "vae": 0.07, "denoiser": 0.72, "decoder": 0.06, "checker": 0.05}
# Size in pixels, pictures per minute of the whole budget, at least, at most.
DRAWN = ((512, 25, 500, 60_000), (256, 200, 2_000, 300_000))
HELD_OUT_PICTURES = 250


def folders(options: Namespace, cache: Path) -> tuple[Path, Path]:
    """The run's folder and the pool's."""
    return options.run or cache / options.preset, options.pool or cache / "pool"


def machine(options: Namespace) -> Machine:
    torch.set_num_threads(options.threads)
    gpu = torch.cuda.is_available()
    return Machine.here(getattr(options, "compile", False) or gpu, 1 if gpu else getattr(options, "workers", 1))


def draw(options: Namespace, cache: Path) -> None:
    split = Split.HELD_OUT if options.held_out else Split.TRAIN
    pool.fill(folders(options, cache)[1], options.size, split, options.pictures, options.workers)


def train(options: Namespace, cache: Path) -> None:
    run, pictures = folders(options, cache)
    here, chosen = machine(options), preset(options.preset)
    stages = list(SHARES) if options.stage == "all" else [options.stage]
    if options.stage == "all":
        for size, per_minute, least, most in DRAWN:
            wanted = int(min(most, max(least, per_minute * options.minutes)))
            pool.fill(pictures, size, Split.TRAIN, wanted, options.threads)
            pool.fill(pictures, size, Split.HELD_OUT, HELD_OUT_PICTURES, options.threads)
    for stage in stages:
        minutes = options.minutes * (SHARES[stage] if options.stage == "all" else 1)
        if options.stage == "all" and stage_is_done(run, stage, minutes):
            continue
        print(f"stage {stage}: {minutes:.1f} minutes", flush=True)
        train_stage(stage, run, pictures, chosen, minutes, here)


def stage_is_done(run: Path, stage: str, minutes: float) -> bool:
    """Whether an earlier `train --stage all` has already spent the stage's share."""
    if stage in ("vae", "decoder"):
        if not checkpoint.exists(run / "vae"):
            return False
        history = checkpoint.load(run / "vae")[1]["history"]
        return any(entry["decoder_only"] == (stage == "decoder") for entry in history)
    return checkpoint.exists(run / stage) and checkpoint.load(run / stage)[1]["seconds"] >= 60 * minutes


def train_stage(stage: str, run: Path, pictures: Path, chosen: Preset, minutes: float, here: Machine) -> None:
    if stage == "text":
        text_stage.train(run, pictures, chosen, minutes, here)
    elif stage == "checker":
        checker_stage.train(run, pictures, minutes, here)
    elif stage == "denoiser":
        workers.run(here.workers, partial(train_denoiser, run, pictures, chosen, minutes, here))
    else:
        vae_stage.train(run, pictures, chosen, minutes, here, decoder_only=stage == "decoder")


def train_denoiser(run: Path, pictures: Path, chosen: Preset, minutes: float, here: Machine,
                   worker: workers.Alone | workers.Worker) -> None:
    here.prepare()
    training = denoiser_stage.DenoiserTraining(run, pictures, chosen, minutes, here, worker)
    training.train(on_save=sample_sheet)


def sample_sheet(training: "denoiser_stage.DenoiserTraining") -> None:
    """A sheet of held-out prompts by the averaged weights, and the loss curves, beside the checkpoint."""
    from evaluate import Generator, Prompts
    from sheets import contact_sheet, loss_curves
    unet = training.machine.place(UNet(training.preset.unet)).eval()
    unet.load_state_dict(checkpoint.part("unet", training.average.weights))
    size = denoiser_stage.phase_at(training.clock.progress()).size
    generator = Generator(training.frozen, unet, training.preset, training.machine, steps=12, guidance=2.5,
                          shift=denoiser_stage.SHIFT[size], size=size)
    prompts = Prompts.sample(12, seed=77)
    contact_sheet(generator.pictures(prompts.texts), 6, training.run / f"sheets/step-{training.step:06d}.png", 192)
    loss_curves(training.losses.path, training.run / "sheets/denoiser-loss.png")


def commit() -> str:
    """The commit of the forge's code, with "+" when it has local changes; "unknown" outside a checkout."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True).stdout.strip()
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if git("status", "--porcelain", ".") else "")


def count(options: Namespace, cache: Path) -> None:
    from architecture.count import report
    print(report(options.preset))


def evaluate(options: Namespace, cache: Path) -> None:
    from report import Settings
    from report import evaluate as measure
    run, pictures = folders(options, cache)
    settings = Settings(options.size, options.prompts, tuple(options.steps), options.guidance)
    out = options.out or run / "evaluation"
    out.mkdir(parents=True, exist_ok=True)
    report = measure(run, pictures, preset(options.preset), machine(options), settings, out)
    print(json.dumps(report, indent=2))


COMMANDS = {"draw": draw, "train": train, "count": count, "evaluate": evaluate}
