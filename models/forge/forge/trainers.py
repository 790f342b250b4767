"""Who trains which stage: `train` looks into the registry and calls one of the functions here."""

from argparse import Namespace
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from forge.architecture import Preset
from forge.distillation.concept_polish import ConceptPolish
from forge.distillation.eight_step import EightStepTraining
from forge.distillation.one_step import OneStepTraining
from forge.distillation.options import Options
from forge.distillation.polish import Polish
from forge.distillation.preflight import check_students, check_students_fit
from forge.distillation.prune import Pruning
from forge.distillation.students import latest
from forge.plugins.control import ControlTraining
from forge.plugins.lora import LoraTraining
from forge.plugins.upscaler import UpscalerTraining
from forge.progress_sheets import concepts_sheet, draw_curves, student_sheet, teacher_sheet
from forge.stages import STAGES, seed_of
from forge.training import workers
from forge.training.checker_stage import CheckerTraining
from forge.training.concept_checker import ConceptCheckerTraining
from forge.training.concept_stage import ConceptTraining
from forge.training.denoiser_stage import DenoiserTraining
from forge.training.preflight import check_frozen
from forge.training.run import Machine
from forge.training.text_stage import TextTraining
from forge.training.vae_stage import VaeTraining

VAE_PEAK = 1.5e-3
STUDENTS = {"eight-step": EightStepTraining, "one-step": OneStepTraining}


@dataclass(frozen=True)
class Job:
    """run: the folder of checkpoints and logs. pool: of pictures. minutes: wall-clock budget, earlier runs of the stage
    included. options: the rest of what was asked, which single stages look into."""

    stage: str
    run: Path
    pool: Path
    preset: Preset
    minutes: float
    machine: Machine
    options: Namespace

    @property
    def seed(self) -> int:
        return seed_of(self.stage, self.options.seed)


def train(job: Job) -> None:
    """Trains the stage, or goes on training it, until its budget is spent; writes its checkpoint and the loss curves."""
    stage = STAGES[job.stage]
    if stage.wants_denoiser:
        check_frozen(job.run, job.preset)
    print(f"stage {stage.name}: {job.minutes:.1f} minutes", flush=True)
    TRAINERS[stage.trainer](job)
    draw_curves(job.run)


def text(job: Job) -> None:
    TextTraining(job.run, job.pool, job.preset, job.minutes, job.machine, job.seed).train()


def vae(job: Job) -> None:
    VaeTraining(job.run, job.pool, job.preset, job.minutes, job.machine, job.seed, job.stage == "decoder", VAE_PEAK).train()


def denoiser(job: Job) -> None:
    workers.run(job.machine.workers, partial(denoiser_worker, job))


def denoiser_worker(job: Job, worker: workers.Alone | workers.Worker) -> None:
    job.machine.prepare()
    DenoiserTraining(job.run, job.pool, job.preset, job.minutes, job.machine, worker, job.seed,
                     job.options.smallest).train(on_save=teacher_sheet)


def concepts(job: Job) -> None:
    ConceptTraining(job.run, job.options.assets, job.pool, job.preset, job.minutes, job.machine, job.seed).train(
        on_save=concepts_sheet)


def concepts_polish(job: Job) -> None:
    ConceptPolish(job.run, job.options.assets, job.preset, job.minutes, job.machine, job.seed).train()


def concepts_checker(job: Job) -> None:
    ConceptCheckerTraining(job.run, job.options.assets, job.minutes, job.machine, job.seed, job.options.first).train()


def upscaler(job: Job) -> None:
    UpscalerTraining(job.run, job.options.assets, job.preset, job.minutes, job.machine, job.seed).train()


def control(job: Job) -> None:
    ControlTraining(job.run, job.options.assets, job.preset, job.minutes, job.machine, job.seed).train()


def lora(job: Job) -> None:
    wishes = job.options
    rank = wishes.rank
    LoraTraining(job.run, wishes.assets, job.preset, job.minutes, job.machine, job.seed, wishes.images, rank,
                 rank if wishes.alpha is None else wishes.alpha).train()


def checker(job: Job) -> None:
    CheckerTraining(job.run, job.pool, job.minutes, job.machine, job.seed).train()


def student(job: Job) -> None:
    wishes = Options(**{name: getattr(job.options, name) for name in Options.__dataclass_fields__})
    check_students(job.run, job.preset, job.pool, wishes, job.options.seed, job.stage)
    workers.run(job.machine.workers, partial(student_worker, job, wishes))


def student_worker(job: Job, wishes: Options, worker: workers.Alone | workers.Worker) -> None:
    job.machine.prepare()
    STUDENTS[job.stage](job.run, job.pool, job.preset, job.minutes, job.machine, wishes, worker, job.seed).train(
        on_save=student_sheet)


def polish(job: Job) -> None:
    check_students_fit(job.run, job.preset, [latest(job.run)])
    Polish(job.run, job.pool, job.preset, job.minutes, job.machine, job.seed).train()


def prune(job: Job) -> None:
    Pruning(job.run, job.pool, job.preset, job.minutes, job.machine, tuple(job.options.decoder_widths),
            tuple(job.options.decoder_blocks), job.seed).train()


TRAINERS = {
    "text": text, "vae": vae, "denoiser": denoiser, "checker": checker, "student": student, "polish": polish, "prune": prune,
    "concepts": concepts, "concepts_checker": concepts_checker,
    "concepts_polish": concepts_polish, "upscaler": upscaler, "lora": lora, "control": control}
