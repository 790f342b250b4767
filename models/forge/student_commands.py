"""What `train` does for the stages that come after the denoiser."""

from argparse import Namespace
from functools import partial
from pathlib import Path

from architecture import Preset
from distillation import ablation, polish, prune
from distillation.eight_step import EightStepTraining
from distillation.one_step import OneStepTraining
from distillation.options import Options
from distillation.preflight import SEEDS, check_students, check_students_fit
from distillation.students import latest
from progress_sheets import draw_curves, student_sheet
from training import checkpoint, pool, workers
from training.preflight import check_frozen
from training.run import Machine

STAGES = {"eight-step": EightStepTraining, "one-step": OneStepTraining}
POLISH_SEED, PRUNE_SEED = 8, 9


def train(options: Namespace, run: Path, pictures: Path, preset: Preset, machine: Machine) -> None:
    check_frozen(run, preset)
    print(f"stage {options.stage}: {options.minutes:.1f} minutes", flush=True)
    if options.stage in STAGES:
        distill(options, run, pictures, preset, machine)
    elif options.stage == "polish":
        check_students_fit(run, preset, [latest(run)])
        polish.train(run, pictures, preset, options.minutes, machine, chosen_seed(options, POLISH_SEED))
    else:
        prune.train(run, pictures, preset, options.minutes, machine, tuple(options.decoder_widths),
                    tuple(options.decoder_blocks), chosen_seed(options, PRUNE_SEED))
    draw_curves(run)


def chosen_seed(options: Namespace, usual: int) -> int:
    return usual if options.seed is None else options.seed


def distill(options: Namespace, run: Path, pictures: Path, preset: Preset, machine: Machine) -> None:
    wishes = Options(**{name: getattr(options, name) for name in Options.__dataclass_fields__})
    check_students(run, preset, pictures, wishes, options.seed, options.stage)
    seed = chosen_seed(options, SEEDS[options.stage])
    workers.run(machine.workers, partial(
        train_student, options.stage, run, pictures, preset, options.minutes, machine, wishes, seed))


def train_student(stage: str, run: Path, pictures: Path, preset: Preset, minutes: float, machine: Machine,
                  wishes: Options, seed: int, worker: workers.Alone | workers.Worker) -> None:
    machine.prepare()
    STAGES[stage](run, pictures, preset, minutes, machine, wishes, worker, seed).train(on_save=student_sheet)


def ablate(options: Namespace, run: Path, pictures: Path, preset: Preset, machine: Machine) -> None:
    """Prints the table and writes it to run/ablation."""
    if pool.data(pictures) == "own":
        raise ValueError(f"the ablation is measured by attributes of drawn scenes, and {pictures} holds imported pictures: "
                         "nobody knows theirs")
    check_frozen(run, preset)
    source = "eight-step" if checkpoint.exists(run / "eight-step") else "teacher"
    wishes = Options(pairs_from=source, smallest=options.size, largest=options.size)
    check_students_fit(run, preset, ["eight-step"])
    measured = ablation.Ablation(run, pictures, preset, machine, wishes, options.prompts)
    print(ablation.markdown(measured.train(options.minutes, list(options.variants))))
