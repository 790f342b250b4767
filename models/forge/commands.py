"""What each command of the forge does, once its arguments are read."""

import csv
import json
import shutil
import subprocess
from argparse import Namespace
from functools import partial
from pathlib import Path

import torch

from architecture import Preset, UNet, preset
from scenes import Split, vocabulary
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


PUBLISHED = ("text", "vae", "denoiser", "checker")


def publish(options: Namespace, cache: Path) -> None:
    """Copies the run's weights as fp16 shards, from which training goes on anywhere."""
    run = folders(options, cache)[0]
    for stage in PUBLISHED:
        tensors, state = checkpoint.load(run / stage)
        checkpoint.save(options.out / stage, tensors, {key: state[key] for key in state if key != "shards"}, half=True)
    shutil.copytree(run / "tokenizer", options.out / "tokenizer", dirs_exist_ok=True)


def adopt(options: Namespace, cache: Path) -> None:
    """The way back: published weights become the run's, unless it has its own."""
    run = folders(options, cache)[0]
    for stage in PUBLISHED:
        if checkpoint.exists(run / stage):
            raise ValueError(f"{run / stage} exists: name another --run, or delete it first")
    for stage in PUBLISHED:
        tensors, state = checkpoint.load(options.source / stage)
        checkpoint.save(run / stage, tensors, {key: state[key] for key in state if key != "shards"})
    shutil.copytree(options.source / "tokenizer", run / "tokenizer", dirs_exist_ok=True)


def export(options: Namespace, cache: Path) -> None:
    from architecture import TextTower, Vae
    from export import export_bundle, flow_match_scheduler
    run, chosen = folders(options, cache)[0], preset(options.preset)
    text, unet, vae = TextTower(chosen.text), UNet(chosen.unet), Vae(chosen.vae)
    (texts, text_state), (weights, state), (autoencoder, vae_state) = (
        checkpoint.load(run / stage) for stage in ("text", "denoiser", "vae"))
    checkpoint.load_into(text, checkpoint.part("text.tower", texts), run / "text")
    checkpoint.load_into(unet, checkpoint.part("unet", weights), run / "denoiser")
    checkpoint.load_into(vae, autoencoder, run / "vae")
    tokenizer = {path.name: path.read_text() for path in (run / "tokenizer").iterdir()}
    made_by = {
        "commit": commit(), "command": "python models/forge train && python models/forge export",
        "denoiser": {"steps": state["step"], "samples_by_pixels": state["samples"],
                     "minutes": round(state["seconds"] / 60, 1)},
        "text": {"steps": text_state["step"], "samples": text_state["samples"],
                 "minutes": round(text_state["seconds"] / 60, 1)},
        "vae": {"steps": vae_state["step"], "samples": vae_state["samples"], "history": vae_state["history"]},
        "last_losses": last_losses(run / "logs")}
    export_bundle(options.out, chosen, text, unet, vae, tokenizer, flow_match_scheduler(denoiser_stage.SHIFT[512]), {
        "name": options.preset, "default_steps": options.steps, "default_guidance_scale": options.guidance,
        "guidance_baked_in": False, "licence": "Apache-2.0", "words": list(vocabulary()), "made_by": made_by})
    print(f"wrote {options.out}: {sum(path.stat().st_size for path in options.out.rglob('*')) / 1e6:.1f} MB")


def last_losses(logs: Path) -> dict[str, dict[str, str]]:
    """The last line of each stage's log."""
    rows = {}
    for path in sorted(logs.glob("*.csv")):
        with path.open() as file:
            rows[path.stem] = list(csv.DictReader(file))[-1]
    return rows


COMMANDS = {"publish": publish, "adopt": adopt, "export": export, "draw": draw, "train": train, "count": count, "evaluate": evaluate}
