"""What each command of the forge does, once its arguments are read."""

import json
import shutil
from argparse import Namespace
from pathlib import Path

import torch

from forge import trainers
from forge.architecture import Preset, preset
from forge.distillation import ablation
from forge.distillation.options import Options
from forge.distillation.preflight import check_students_fit
from forge.distillation.prune import load_vae
from forge.distillation.students import latest
from forge.scenes import Split
from forge.stages import DENOISERS, FROZEN, STAGES, denoiser_of, parts_of_all
from forge.trainers import Job
from forge.training import checkpoint, pool, sources
from forge.training.preflight import check_frozen, check_run
from forge.training.run import Machine

# Size in pixels, pictures per minute of the whole budget, at least, at most.
DRAWN = ((512, 25, 500, 60_000), (256, 200, 2_000, 300_000))
HELD_OUT_PICTURES = 250
CHECKER_PICTURES = 2_000, 2  # of 256 px: at least, and one for so many that the denoiser gets


def folders(options: Namespace, cache: Path) -> tuple[Path, Path]:
    """The run's folder and the pool's."""
    return options.run or cache / options.preset, options.pool or cache / "pool"


def assets_folder(options: Namespace, cache: Path) -> Path:
    return options.assets or cache / "concepts"


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
    check_vocabulary(options.stage, chosen, run)
    options.assets = assets_folder(options, cache)
    check_run(run, chosen, data, options.seed)
    here = machine(options)
    if options.stage != "all":
        check_still_free(run, options.stage)
        trainers.train(Job(options.stage, run, pictures, chosen, options.minutes, here, options))
        return
    is_open = chosen.unet.memory is not None
    if data == "own":
        print(f"{pictures} holds imported pictures: nothing is drawn, and no checker is trained, which needs scenes")
    elif not is_open:
        fill_pool(pictures, options)
    for stage in parts_of_all(is_open):
        minutes = options.minutes * STAGES[stage].share
        if not stage_is_done(run, stage, minutes) and not (data == "own" and stage == "checker"):
            trainers.train(Job(stage, run, pictures, chosen, minutes, here, options))


def check_vocabulary(stage: str, chosen: Preset, run: Path) -> None:
    """ValueError when the stage is not for presets of this kind, or the run lacks what they start from."""
    is_open = chosen.unet.memory is not None
    if stage == "all":
        if is_open and not checkpoint.exists(run / "vae"):
            raise ValueError(f"preset {chosen.name} starts from an autoencoder, and {run} has none: `adopt --stages vae` gives it one")
    elif STAGES[stage].vocabulary not in ("any", "open" if is_open else "scenes"):
        kind = "an open vocabulary" if is_open else "scenes"
        fitting = ", ".join(name for name, each in STAGES.items() if each.vocabulary in ("any", "open" if is_open else "scenes"))
        raise ValueError(f"stage `{stage}` is not for preset {chosen.name}, which is of {kind}: --stage must be one of {fitting}")


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
    if stage == "concepts-polish":
        return any("polished_on" in entry for entry in checkpoint.read_state(run / "vae").get("history", ()))
    stage = "denoiser" if stage == "concepts" else stage
    return checkpoint.exists(run / stage) and checkpoint.read_state(run / stage)["seconds"] >= 60 * minutes


def denoiser_exists(run: Path) -> bool:
    return checkpoint.exists(run / "denoiser") or checkpoint.exists(run / "denoiser-training")


def check_still_free(run: Path, stage: str) -> None:
    """ValueError when training the stage would make the run's denoiser worthless."""
    if stage in FROZEN and denoiser_exists(run):
        raise ValueError(f"{run / 'denoiser'} was trained with {run / stage} as it is: to train stage `{stage}` again, "
                         "name another --run, or delete denoiser and denoiser-training first")


def assets(options: Namespace, cache: Path) -> None:
    from forge.concepts import assets as making
    folder = assets_folder(options, cache)
    told = making.build(folder, options.workers)
    print(f"{folder}: {told['concepts']} things in the styles {', '.join(told['styles'])}")


def sheet(options: Namespace, cache: Path) -> None:
    from forge.concepts.sheet import draw_sheet
    captions = draw_sheet(assets_folder(options, cache), options.out, options.pictures, options.seed, options.first,
                          options.held_out)
    print("\n".join(captions))


def count(options: Namespace, cache: Path) -> None:
    from forge.architecture.count import report
    print(report(options.preset))


def evaluate(options: Namespace, cache: Path) -> None:
    from forge.report import Settings
    from forge.report import evaluate as measure
    run, pictures = folders(options, cache)
    if preset(options.preset).unet.memory:
        evaluate_open(options, run, assets_folder(options, cache), preset(options.preset))
        return
    stage = options.stage or latest(run)
    check_frozen(run, preset(options.preset))
    check_students_fit(run, preset(options.preset), [stage])
    kind = DENOISERS[stage]
    if kind.baked and options.guidance is not None:
        raise ValueError(f"guidance is part of the weights of {run / stage}: leave out --guidance")
    guidance = 1.0 if kind.baked else 2.5 if options.guidance is None else options.guidance
    settings = Settings(options.size, options.prompts, tuple(options.steps or [kind.steps]), guidance, stage,
                        options.teacher_steps if kind.baked else None, options.sheet_seeds)
    out = options.out or run / "evaluation"
    report = measure(run, pictures, preset(options.preset), machine(options), settings, out)
    print(json.dumps(report, indent=2))


def evaluate_open(options: Namespace, run: Path, assets: Path, chosen: Preset) -> None:
    """`evaluate` of a preset of an open vocabulary."""
    from forge.evaluate_concepts import Settings
    from forge.evaluate_concepts import evaluate as measure
    kind = denoiser_of("denoiser", chosen.unet.variates)
    if kind.baked and (options.guidance is not None or options.steps not in (None, [1])):
        raise ValueError(f"{chosen.name} learns to draw in one step and without guidance: leave out --steps and --guidance")
    guidance = 1.0 if kind.baked else 2.5 if options.guidance is None else options.guidance
    settings = Settings(options.size, options.prompts, tuple(options.steps or [kind.steps]), guidance, "denoiser", options.first, options.simple)
    print(json.dumps(measure(run, assets, chosen, machine(options), settings, options.out or run / "evaluation"), indent=2))


def eye(options: Namespace, cache: Path) -> None:
    from forge import eye as judging
    if options.picks:
        print(judging.score(options.out, options.picks), end="")
        return
    run, chosen = folders(options, cache)[0], preset(options.preset)
    if chosen.unet.memory is None:
        raise ValueError(f"eye is for presets of an open vocabulary (pocket), and {chosen.name} has another")
    check_frozen(run, chosen)
    judging.make(run, assets_folder(options, cache), chosen, machine(options), "denoiser", options.out)
    print(f"{options.out}: sheets and questions.txt for the judge, answers.json for `eye --picks`")


def published() -> list[str]:
    return [name for name, stage in STAGES.items() if stage.published]


def pruned(folder: Path) -> list[str]:
    """The pruned decoders that a run, or a folder of published weights, holds."""
    return sorted(path.name for path in folder.glob("pruned-*") if not path.name.endswith("-training"))


def publish(options: Namespace, cache: Path) -> None:
    """Copies the run's weights as fp16 shards, from which training goes on anywhere."""
    run = folders(options, cache)[0]
    check_students_fit(run, preset(options.preset))
    for name in pruned(run):
        load_vae(run / name, run)
    for stage in (*published(), *pruned(run)):
        if stage in STAGES and STAGES[stage].optional and not checkpoint.exists(run / stage):
            print(f"left out: {run / stage}, which there is not")
            continue
        tensors, state = checkpoint.load(run / stage)
        checkpoint.save(options.out / stage, tensors, {key: state[key] for key in state if key != "shards"}, half=True)
    shutil.copytree(run / "tokenizer", options.out / "tokenizer", dirs_exist_ok=True)


def adopt(options: Namespace, cache: Path) -> None:
    """The way back: published weights become the run's, unless it has its own."""
    run = folders(options, cache)[0]
    wanted = options.stages or published()
    for stage in wanted:
        if checkpoint.exists(run / stage):
            raise ValueError(f"{run / stage} exists: name another --run, or delete it first")
    for stage in wanted if options.stages else (*wanted, *pruned(options.source)):
        if stage in STAGES and STAGES[stage].optional and not checkpoint.exists(options.source / stage):
            continue
        tensors, state = checkpoint.load(options.source / stage)
        checkpoint.save(run / stage, tensors, {key: state[key] for key in state if key != "shards"})
    if not options.stages:
        shutil.copytree(options.source / "tokenizer", run / "tokenizer", dirs_exist_ok=True)


def ablate(options: Namespace, cache: Path) -> None:
    """Prints the table and writes it to run/ablation."""
    run, pictures = folders(options, cache)
    chosen = preset(options.preset)
    if pool.data(pictures) == "own":
        raise ValueError(f"the ablation is measured by attributes of drawn scenes, and {pictures} holds imported pictures: "
                         "nobody knows theirs")
    check_frozen(run, chosen)
    source = "eight-step" if checkpoint.exists(run / "eight-step") else "teacher"
    wishes = Options(pairs_from=source, smallest=options.size, largest=options.size)
    check_students_fit(run, chosen, ["eight-step"])
    measured = ablation.Ablation(run, pictures, chosen, machine(options), wishes, options.prompts)
    print(ablation.markdown(measured.train(options.minutes, list(options.variants))))


def export(options: Namespace, cache: Path) -> None:
    from forge import export_command
    export_command.export(options, folders(options, cache)[0], assets_folder(options, cache), preset(options.preset))


def add_encoder(options: Namespace, cache: Path) -> None:
    from forge.architecture import Vae
    from forge.export.encoder import add_encoder as add
    run, chosen = folders(options, cache)[0], preset(options.preset)
    vae = Vae(chosen.vae)
    checkpoint.load_into(vae, checkpoint.load(run / "vae")[0], run / "vae")
    add(options.bundle, chosen, vae)
    print(f"wrote {options.bundle / 'vae_encoder'} from {run / 'vae'}")


def add_control(options: Namespace, cache: Path) -> None:
    from forge.plugins.control import add_to_bundle
    print(f"wrote {add_to_bundle(folders(options, cache)[0], preset(options.preset), options.bundle, options.name)}")


def quantize(options: Namespace, cache: Path) -> None:
    from forge.quantization import run
    torch.set_num_threads(options.threads)
    if options.sensitivity:
        run.show_sensitivity(options)
        return
    missing = [name for name in ("kind", "out") if getattr(options, name) is None]
    if missing:
        raise ValueError(f"quantize needs --{' and --'.join(missing)}, or --sensitivity")
    run.quantize(options)


def compare(options: Namespace, cache: Path) -> None:
    from forge.quantization import run
    torch.set_num_threads(options.threads)
    run.compare_bundles(options)


COMMANDS = {"draw": draw, "import": import_, "assets": assets, "sheet": sheet, "train": train, "evaluate": evaluate, "eye": eye, "ablate": ablate,
            "publish": publish, "adopt": adopt, "export": export,
            "add-encoder": add_encoder, "add-control": add_control, "quantize": quantize, "compare": compare, "count": count}
