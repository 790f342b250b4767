"""What each command of the forge does, once its arguments are read."""

import json
import shutil
from argparse import Namespace
from functools import partial
from pathlib import Path

import torch

import student_commands
from architecture import Preset, preset
from distillation.preflight import check_students_fit
from distillation.prune import load_vae
from distillation.students import KINDS, latest
from progress_sheets import draw_curves, teacher_sheet
from scenes import Split
from training import checker_stage, checkpoint, denoiser_stage, pool, sources, text_stage, vae_stage, workers
from training.preflight import SEEDS, check_frozen, check_run
from training.run import Machine

# Shares of a whole budget; the rest goes to drawing.
SHARES = {"text": 0.06, "vae": 0.07, "denoiser": 0.72, "decoder": 0.06, "checker": 0.05}
# Size in pixels, pictures per minute of the whole budget, at least, at most.
DRAWN = ((512, 25, 500, 60_000), (256, 200, 2_000, 300_000))
HELD_OUT_PICTURES = 250
CHECKER_PICTURES = 2_000, 2  # of 256 px: at least, and one for so many that the denoiser gets
AFTER = ("eight-step", "one-step", "polish", "prune")  # stages that want a denoiser
FROZEN = ("text", "vae")  # stages whose networks the denoiser is trained against


def folders(options: Namespace, cache: Path) -> tuple[Path, Path]:
    """The run's folder and the pool's."""
    return options.run or cache / options.preset, options.pool or cache / "pool"


def machine(options: Namespace) -> Machine:
    torch.set_num_threads(options.threads)
    gpu = torch.cuda.is_available()
    return Machine.here(getattr(options, "compile", False) or gpu, 1 if gpu else getattr(options, "workers", 1))


def draw(options: Namespace, cache: Path) -> None:
    pool.fill(folders(options, cache)[1], options.size, Split(options.split), options.pictures, options.workers)


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
    if options.stage in AFTER:
        student_commands.train(options, run, pictures, chosen, here)
        return
    if options.stage != "all":
        check_still_free(run, options.stage)
        train_stage(options.stage, run, pictures, chosen, options.minutes, here, options.seed, options.smallest)
        return
    if data == "own":
        print(f"{pictures} holds imported pictures: nothing is drawn, and no checker is trained, which needs scenes")
    else:
        fill_pool(pictures, options)
    for stage, share in SHARES.items():
        minutes = options.minutes * share
        if not stage_is_done(run, stage, minutes) and not (data == "own" and stage == "checker"):
            train_stage(stage, run, pictures, chosen, minutes, here, options.seed, options.smallest)


def fill_pool(pictures: Path, options: Namespace) -> None:
    plan = {size: int(min(most, max(least, per_minute * options.minutes))) for size, per_minute, least, most in DRAWN}
    check_space(pictures, plan)
    for size, wanted in plan.items():
        print(f"{wanted} drawn pictures at {size} px in {pictures}", flush=True)
        pool.fill(pictures, size, Split.TRAIN, wanted, options.threads)
        pool.fill(pictures, size, Split.HELD_OUT, HELD_OUT_PICTURES, options.threads)
    pool.fill(pictures, 256, Split.ANY, max(CHECKER_PICTURES[0], plan[256] // CHECKER_PICTURES[1]), options.threads)


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
                seed: int | None, smallest: int) -> None:
    print(f"stage {stage}: {minutes:.1f} minutes", flush=True)
    seed = SEEDS[stage] if seed is None else seed
    if stage == "text":
        text_stage.train(run, pictures, chosen, minutes, here, seed)
    elif stage == "checker":
        checker_stage.train(run, pictures, minutes, here, seed)
    elif stage == "denoiser":
        workers.run(here.workers, partial(train_denoiser, run, pictures, chosen, minutes, here, seed, smallest))
    else:
        vae_stage.train(run, pictures, chosen, minutes, here, seed, decoder_only=stage == "decoder")
    draw_curves(run)


def train_denoiser(run: Path, pictures: Path, chosen: Preset, minutes: float, here: Machine, seed: int,
                   smallest: int, worker: workers.Alone | workers.Worker) -> None:
    here.prepare()
    training = denoiser_stage.DenoiserTraining(run, pictures, chosen, minutes, here, worker, seed, smallest)
    training.train(on_save=teacher_sheet)


def count(options: Namespace, cache: Path) -> None:
    from architecture.count import report
    print(report(options.preset))


def evaluate(options: Namespace, cache: Path) -> None:
    from report import Settings
    from report import evaluate as measure
    run, pictures = folders(options, cache)
    stage = options.stage or latest(run)
    check_frozen(run, preset(options.preset))
    check_students_fit(run, preset(options.preset), [stage])
    kind = KINDS[stage]
    if kind.baked and options.guidance is not None:
        raise ValueError(f"guidance is part of the weights of {run / stage}: leave out --guidance")
    guidance = 1.0 if kind.baked else 2.5 if options.guidance is None else options.guidance
    settings = Settings(options.size, options.prompts, tuple(options.steps or [kind.steps]), guidance, stage,
                        options.teacher_steps if kind.baked else None, options.sheet_seeds)
    out = options.out or run / "evaluation"
    report = measure(run, pictures, preset(options.preset), machine(options), settings, out)
    print(json.dumps(report, indent=2))


PUBLISHED = ("text", "vae", "denoiser", "checker", "eight-step", "one-step")
OPTIONAL = ("checker", "eight-step", "one-step")


def pruned(folder: Path) -> list[str]:
    """The pruned decoders that a run, or a folder of published weights, holds."""
    return sorted(path.name for path in folder.glob("pruned-*") if not path.name.endswith("-training"))


def publish(options: Namespace, cache: Path) -> None:
    """Copies the run's weights as fp16 shards, from which training goes on anywhere."""
    run = folders(options, cache)[0]
    check_students_fit(run, preset(options.preset))
    for name in pruned(run):
        load_vae(run / name, run)
    for stage in (*PUBLISHED, *pruned(run)):
        if stage in OPTIONAL and not checkpoint.exists(run / stage):
            print(f"left out: {run / stage}, which there is not")
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
    for stage in (*PUBLISHED, *pruned(options.source)):
        if stage in OPTIONAL and not checkpoint.exists(options.source / stage):
            continue
        tensors, state = checkpoint.load(options.source / stage)
        checkpoint.save(run / stage, tensors, {key: state[key] for key in state if key != "shards"})
    shutil.copytree(options.source / "tokenizer", run / "tokenizer", dirs_exist_ok=True)


def ablate(options: Namespace, cache: Path) -> None:
    student_commands.ablate(options, *folders(options, cache), preset(options.preset), machine(options))


def export(options: Namespace, cache: Path) -> None:
    import export_command
    export_command.export(options, folders(options, cache)[0], preset(options.preset))


def quantize(options: Namespace, cache: Path) -> None:
    from quantization import run
    torch.set_num_threads(options.threads)
    if options.sensitivity:
        run.show_sensitivity(options)
        return
    missing = [name for name in ("kind", "out") if getattr(options, name) is None]
    if missing:
        raise ValueError(f"quantize needs --{' and --'.join(missing)}, or --sensitivity")
    run.quantize(options)


def compare(options: Namespace, cache: Path) -> None:
    from quantization import run
    torch.set_num_threads(options.threads)
    run.compare_bundles(options)


COMMANDS = {"draw": draw, "import": import_, "train": train, "evaluate": evaluate, "ablate": ablate, "publish": publish, "adopt": adopt,
            "export": export, "quantize": quantize, "compare": compare, "count": count}
