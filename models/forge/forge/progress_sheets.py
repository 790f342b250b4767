"""Sample sheets and loss curves that stages leave in a run's folder while they train."""

from pathlib import Path

from forge.architecture import UNet
from forge.concepts import Corpus
from forge.distillation.loop import StudentTraining
from forge.evaluate import Generator, Prompts
from forge.evaluate_concepts import sheet_prompts as prompts_of_concepts
from forge.scenes import Split
from forge.sheets import contact_sheet, loss_curves
from forge.training import checkpoint, denoiser_stage, pool
from forge.training.concept_stage import ConceptTraining


def draw_curves(run: Path) -> None:
    """A picture of the losses beside each stage's log."""
    for log in (run / "logs").glob("*.csv"):
        loss_curves(log, run / f"sheets/{log.stem}-loss.png")


def teacher_sheet(training: denoiser_stage.DenoiserTraining) -> None:
    """A sheet of held-out prompts by the averaged weights, and the loss curves, beside the checkpoint."""
    unet = training.machine.place(UNet(training.preset.unet)).eval()
    unet.load_state_dict(checkpoint.part("unet", training.average.weights))
    size = max(denoiser_stage.phase_at(training.clock.progress(), training.phases).sizes)
    draw_sheet(training, unet, size, 12, 2.5, f"step-{training.step:06d}.png")


def student_sheet(training: StudentTraining) -> None:
    """The same for a student, in the steps that it learns to draw in."""
    draw_sheet(training, training.averaged_unet(), training.size(training.progress()), training.draws, 1.0,
               f"{training.stage}-{training.step:06d}.png")


def concepts_sheet(training: ConceptTraining) -> None:
    """A sheet of held-out prompts by the averaged weights of text tower and denoiser."""
    frozen = denoiser_stage.Frozen(training.run, training.preset, training.machine)
    unet = training.machine.place(UNet(training.preset.unet)).eval()
    unet.load_state_dict(checkpoint.part("unet", training.average.weights))
    size = max(training.part(training.clock.progress()).sizes)
    generator = Generator(frozen, unet, training.preset, training.machine, steps=1, guidance=1.0, shift=1.0, size=size)
    texts = prompts_of_concepts(training.source.scenery, Corpus(training.source.assets, only_first=True), 24)
    contact_sheet(generator.pictures(texts), 8, training.run / f"sheets/concepts-{training.step:06d}.png", 160)
    draw_curves(training.run)


def draw_sheet(training: "denoiser_stage.DenoiserTraining | StudentTraining", unet: UNet, size: int, steps: int,
               guidance: float, name: str) -> None:
    generator = Generator(training.frozen, unet, training.preset, training.machine, steps=steps, guidance=guidance,
                          shift=denoiser_stage.SHIFT[size], size=size)
    texts = sheet_prompts(training.pool_folder, 12)
    contact_sheet(generator.pictures(texts), 6, training.run / f"sheets/{name}", 192)
    draw_curves(training.run)


def sheet_prompts(pictures: Path, count: int) -> list[str]:
    """Held-out prompts: of drawn scenes, or the first captions of imported pictures that were held out."""
    if pool.data(pictures) == "own":
        return [record["captions"][0] for record in pool.Pool(pictures, 256, Split.HELD_OUT).records[:count]]
    return Prompts.sample(count, seed=77).texts
