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
from training import checker_stage, checkpoint, denoiser_stage, pool, sources, text_stage, vae_stage, workers
from training.preflight import SEEDS, check_frozen, check_run
from training.run import Machine

# Shares of a whole budget; the rest goes to drawing.
SHARES = {"text": 0.06, "vae": 0.07, "denoiser": 0.72, "decoder": 0.06, "checker": 0.05}
# Size in pixels, pictures per minute of the whole budget, at least, at most.
DRAWN = ((512, 25, 500, 60_000), (256, 200, 2_000, 300_000))
HELD_OUT_PICTURES = 250
FROZEN = ("text", "vae")  # stages whose networks the denoiser is trained against


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


def import_(options: Namespace, cache: Path) -> None:
    found = sources.add(options.source, options.pool)
    if found.unused:
        print(f"left out {len(found.unused)} files that are neither a picture nor its caption: "
              + ", ".join(found.unused[:5]) + (", ..." if len(found.unused) > 5 else ""))
    print(f"{options.pool}: {found.train} pictures to train on, {found.held_out} held out")
    print(f"next: python models/forge train --pool {options.pool} --run FOLDER --minutes N")


def train(options: Namespace, cache: Path) -> None:
    run, pictures = folders(options, cache)
    chosen, data = preset(options.preset), pool.data(pictures)
    check_run(run, chosen, data, options.seed)
    here = machine(options)
    if options.stage != "all":
        check_still_free(run, options.stage)
        train_stage(options.stage, run, pictures, chosen, options.minutes, here, options.seed)
        return
    if data == "own":
        print(f"{pictures} holds imported pictures: nothing is drawn, and no checker is trained, which needs scenes")
    else:
        fill_pool(pictures, options)
    for stage, share in SHARES.items():
        minutes = options.minutes * share
        if not stage_is_done(run, stage, minutes) and not (data == "own" and stage == "checker"):
            train_stage(stage, run, pictures, chosen, minutes, here, options.seed)


def fill_pool(pictures: Path, options: Namespace) -> None:
    plan = {size: int(min(most, max(least, per_minute * options.minutes))) for size, per_minute, least, most in DRAWN}
    check_space(pictures, plan)
    for size, wanted in plan.items():
        print(f"{wanted} drawn pictures at {size} px in {pictures}", flush=True)
        pool.fill(pictures, size, Split.TRAIN, wanted, options.threads)
        pool.fill(pictures, size, Split.HELD_OUT, HELD_OUT_PICTURES, options.threads)


def check_space(pictures: Path, plan: dict[int, int]) -> None:
    """OSError when the disk cannot hold the planned pictures, {size: count}, beside those that are there."""
    pictures.mkdir(parents=True, exist_ok=True)
    there = sum(file.stat().st_size for file in pictures.glob("*-train-*/pixels.npy"))
    needed = sum(count * 3 * size**2 for size, count in plan.items()) - there
    free = shutil.disk_usage(pictures).free
    if needed > free:
        raise OSError(f"{pictures} needs {needed / 1e9:.1f} GB more for drawn pictures, and {free / 1e9:.1f} GB are free: "
                      "name another --pool, or give fewer --minutes")


def stage_is_done(run: Path, stage: str, minutes: float) -> bool:
    """Whether an earlier `train --stage all` has already spent the stage's share, or the denoiser has begun, which
    freezes the text tower and the encoder."""
    if stage in FROZEN and denoiser_exists(run):
        return True
    if stage in ("vae", "decoder"):
        if not checkpoint.exists(run / "vae"):
            return False
        history = checkpoint.read_state(run / "vae")["history"]
        return any(entry["decoder_only"] == (stage == "decoder") for entry in history)
    return checkpoint.exists(run / stage) and checkpoint.read_state(run / stage)["seconds"] >= 60 * minutes


def denoiser_exists(run: Path) -> bool:
    return checkpoint.exists(run / "denoiser") or checkpoint.exists(run / "denoiser-training")


def check_still_free(run: Path, stage: str) -> None:
    """ValueError when training the stage would make the run's denoiser worthless."""
    if stage in FROZEN and denoiser_exists(run):
        raise ValueError(f"{run / 'denoiser'} was trained with {run / stage} as it is: to train stage `{stage}` again, "
                         "name another --run, or delete denoiser and denoiser-training first")


def train_stage(stage: str, run: Path, pictures: Path, chosen: Preset, minutes: float, here: Machine,
                seed: int | None) -> None:
    print(f"stage {stage}: {minutes:.1f} minutes", flush=True)
    seed = SEEDS[stage] if seed is None else seed
    if stage == "text":
        text_stage.train(run, pictures, chosen, minutes, here, seed)
    elif stage == "checker":
        checker_stage.train(run, pictures, minutes, here, seed)
    elif stage == "denoiser":
        workers.run(here.workers, partial(train_denoiser, run, pictures, chosen, minutes, here, seed))
    else:
        vae_stage.train(run, pictures, chosen, minutes, here, seed, decoder_only=stage == "decoder")
    draw_curves(run)


def draw_curves(run: Path) -> None:
    """A picture of the losses beside each stage's log."""
    from sheets import loss_curves
    for log in (run / "logs").glob("*.csv"):
        loss_curves(log, run / f"sheets/{log.stem}-loss.png")


def train_denoiser(run: Path, pictures: Path, chosen: Preset, minutes: float, here: Machine, seed: int,
                   worker: workers.Alone | workers.Worker) -> None:
    here.prepare()
    training = denoiser_stage.DenoiserTraining(run, pictures, chosen, minutes, here, worker, seed)
    training.train(on_save=sample_sheet)


def sample_sheet(training: "denoiser_stage.DenoiserTraining") -> None:
    """A sheet of held-out prompts by the averaged weights, and the loss curves, beside the checkpoint."""
    from evaluate import Generator
    from sheets import contact_sheet
    unet = training.machine.place(UNet(training.preset.unet)).eval()
    unet.load_state_dict(checkpoint.part("unet", training.average.weights))
    size = denoiser_stage.phase_at(training.clock.progress()).size
    generator = Generator(training.frozen, unet, training.preset, training.machine, steps=12, guidance=2.5,
                          shift=denoiser_stage.SHIFT[size], size=size)
    texts = sheet_prompts(training.pool_folder, 12)
    contact_sheet(generator.pictures(texts), 6, training.run / f"sheets/step-{training.step:06d}.png", 192)
    draw_curves(training.run)


def sheet_prompts(pictures: Path, count: int) -> list[str]:
    """Held-out prompts: of drawn scenes, or the first captions of imported pictures that were held out."""
    from evaluate import Prompts
    if pool.data(pictures) == "own":
        return [record["captions"][0] for record in pool.Pool(pictures, 256, Split.HELD_OUT).records[:count]]
    return Prompts.sample(count, seed=77).texts


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
    check_frozen(run, preset(options.preset))
    settings = Settings(options.size, options.prompts, tuple(options.steps), options.guidance)
    out = options.out or run / "evaluation"
    report = measure(run, pictures, preset(options.preset), machine(options), settings, out)
    print(json.dumps(report, indent=2))


PUBLISHED = ("text", "vae", "denoiser", "checker")


def publish(options: Namespace, cache: Path) -> None:
    """Copies the run's weights as fp16 shards, from which training goes on anywhere."""
    run = folders(options, cache)[0]
    for stage in PUBLISHED:
        if stage == "checker" and not checkpoint.exists(run / stage):
            print(f"left out: {run / stage}, which there is not (runs on one's own pictures have none)")
            continue
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
        if stage == "checker" and not checkpoint.exists(options.source / stage):
            continue
        tensors, state = checkpoint.load(options.source / stage)
        checkpoint.save(run / stage, tensors, {key: state[key] for key in state if key != "shards"})
    shutil.copytree(options.source / "tokenizer", run / "tokenizer", dirs_exist_ok=True)


def export(options: Namespace, cache: Path) -> None:
    from architecture import TextTower, Vae
    from export import export_bundle, flow_match_scheduler
    run, chosen = folders(options, cache)[0], preset(options.preset)
    check_frozen(run, chosen)
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


COMMANDS = {"draw": draw, "import": import_, "train": train, "evaluate": evaluate, "publish": publish, "adopt": adopt,
            "export": export, "count": count}
