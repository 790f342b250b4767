"""The stages of training, in their order: the one place that says of each what it is called, what seeds it, how much of
a whole budget it takes, who trains it, and what its checkpoint is to a run.

Standard library only, since the command line's help must need no PyTorch: trainers are named here and lie in `trainers`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Denoiser:
    """What a bundle says of a stage's denoiser. Steps: by default, and the fewest and most that it was made for."""

    baked: bool  # guidance is part of the weights
    steps: int
    steps_range: tuple[int, int]


@dataclass(frozen=True)
class Stage:
    """trainer: the function of `trainers` that runs it. seed: of weights and batches unless `--seed` says another.
    share: of the budget of `--stage all`; 0: asked for by name. frozen: the denoiser is trained against it.
    wants_denoiser: it comes after one. published: its checkpoint travels with `publish`; optional: where there is one.
    denoiser: what a bundle says of it, if its checkpoint can draw. vocabulary: "open" for stages of presets with a memory,
    which learn from concepts, "scenes" for stages of the others, "any"."""

    name: str
    trainer: str
    seed: int
    share: float = 0.0
    frozen: bool = False
    wants_denoiser: bool = False
    published: bool = False
    optional: bool = False
    denoiser: Denoiser | None = None
    vocabulary: str = "any"


STAGES = {stage.name: stage for stage in (
    Stage("text", "text", 1, 0.06, frozen=True, published=True, vocabulary="scenes"),
    Stage("vae", "vae", 2, 0.07, frozen=True, published=True),
    Stage("denoiser", "denoiser", 3, 0.72, published=True, denoiser=Denoiser(False, 16, (4, 50)), vocabulary="scenes"),
    Stage("decoder", "vae", 2, 0.06),
    Stage("checker", "checker", 5, 0.05, published=True, optional=True, vocabulary="scenes"),
    Stage("eight-step", "student", 6, wants_denoiser=True, published=True, optional=True, denoiser=Denoiser(True, 8, (4, 16)),
          vocabulary="scenes"),
    Stage("one-step", "student", 7, wants_denoiser=True, published=True, optional=True, denoiser=Denoiser(True, 1, (1, 8)),
          vocabulary="scenes"),
    Stage("polish", "polish", 8, wants_denoiser=True, vocabulary="scenes"),
    Stage("prune", "prune", 9, wants_denoiser=True),
    Stage("concepts", "concepts", 4, 0.8, vocabulary="open"),
    Stage("concepts-polish", "concepts_polish", 11, 0.08, wants_denoiser=True, vocabulary="open"),
    Stage("concepts-checker", "concepts_checker", 10, 0.12, published=True, optional=True, vocabulary="open"),
    Stage("upscaler", "upscaler", 12, vocabulary="open"),
    Stage("control", "control", 14, wants_denoiser=True, vocabulary="open"),
    Stage("lora", "lora", 13, wants_denoiser=True, vocabulary="open"))}
DENOISERS = {name: stage.denoiser for name, stage in STAGES.items() if stage.denoiser}
FROZEN = tuple(name for name, stage in STAGES.items() if stage.frozen)

DIRECT = Denoiser(True, 1, (1, 1))  # of presets whose noise decides what captions leave open: they learn one step alone


def parts_of_all(is_open: bool) -> tuple[str, ...]:
    """The stages of `--stage all` for presets of an open vocabulary, which start from an autoencoder, or of scenes."""
    fitting = ("open",) if is_open else ("scenes", "any")
    return tuple(name for name, stage in STAGES.items() if stage.share and stage.vocabulary in fitting)


def denoiser_of(stage: str, direct: bool) -> Denoiser:
    """What a bundle says of the stage's denoiser; direct: of a preset with `variates`."""
    return DIRECT if direct else DENOISERS[stage]


def seed_of(stage: str, chosen: int | None) -> int:
    """What seeds the stage: the chosen number, else its own."""
    return STAGES[stage].seed if chosen is None else chosen
