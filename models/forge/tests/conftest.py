"""A small pool of drawn pictures, and a run in which every stage took a few steps: made once, for all tests."""

import shutil
from pathlib import Path

import pytest
import torch

from forge import report
from forge.architecture import preset
from forge.distillation import eight_step, exam, one_step, pairs, polish
from forge.scenes import Split
from forge.training import checker_stage, denoiser_stage, text_stage, vae_stage
from forge.training.denoiser_stage import DenoiserTraining, Phase
from forge.training.pool import draw_shard
from forge.training.run import Machine

BUDGET_MINUTES = 1000.0
PICTURES = {(256, Split.TRAIN): 10, (256, Split.HELD_OUT): 2, (256, Split.ANY): 10,
            (512, Split.TRAIN): 3, (512, Split.HELD_OUT): 2}


@pytest.fixture(scope="session")
def tiny():
    return preset("tiny")


@pytest.fixture(scope="session")
def machine():
    return Machine(torch.device("cpu"), compiles=False)


@pytest.fixture(scope="session")
def pool_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    for (size, split), count in PICTURES.items():
        draw_shard(folder, size, split, 0, count)
    return folder


def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages as they are, with batches that two busy cores take in a moment."""
    monkeypatch.setattr(text_stage, "BATCH", 8)
    monkeypatch.setattr(text_stage, "CAPTIONS", 500)
    monkeypatch.setattr(vae_stage, "BATCH", 2)
    monkeypatch.setattr(checker_stage, "BATCH", 8)
    monkeypatch.setattr(eight_step, "PHASES", (eight_step.Phase(128, 1.0, 2),))
    for name in ("PARTS", "SMALL"):
        monkeypatch.setattr(one_step, name, (one_step.Part(128, 0.4, 4, False), one_step.Part(128, 0.6, 4, True)))
    monkeypatch.setattr(pairs, "SHARD", 4)
    monkeypatch.setattr(one_step, "SHARD", 4)
    monkeypatch.setattr(exam, "PROMPTS", 3)
    monkeypatch.setattr(report, "REFERENCE_PICTURES", 4)
    monkeypatch.setattr(polish, "PICTURES", 2)
    monkeypatch.setattr(denoiser_stage, "PHASES", (Phase(0.5, (128,)), Phase(0.25, (256,)), Phase(0.25, (256, 512))))
    monkeypatch.setattr(denoiser_stage, "BATCHES", {128: 4, 256: 2, 512: 2})


@pytest.fixture
def batches_small(monkeypatch):
    small_batches(monkeypatch)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, pool_folder, tiny, machine) -> Path:
    """A run of preset tiny with every stage's checkpoint. Not to be written to: see `run`."""
    run = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as monkeypatch:
        small_batches(monkeypatch)
        text = text_stage.TextTraining(run, pool_folder, tiny, BUDGET_MINUTES, machine, 1)
        for progress in (0.0, 0.5):  # the first without pictures
            text._step(progress)
        text.save()
        vae = vae_stage.VaeTraining(run, pool_folder, tiny, BUDGET_MINUTES, machine, 2, False, 1.5e-3)
        vae._step(vae.vae.encoder, vae.vae.decoder)
        vae.finish()
        denoiser = DenoiserTraining(run, pool_folder, tiny, BUDGET_MINUTES, machine)
        take_steps(denoiser, 2)
        denoiser.save()
        checker = checker_stage.CheckerTraining(run, pool_folder, BUDGET_MINUTES, machine, 5)
        checker._step()
        checker.save()
    return run


def take_steps(training: DenoiserTraining, count: int, progress: float = 0.0, seed: int = 1) -> None:
    import numpy as np
    rng, random = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    for _ in range(count):
        training._step(training.model, progress, rng, random)
        if training.worker.due():
            training.join()


@pytest.fixture
def run(trained, tmp_path) -> Path:
    """A copy of the trained run that a test may change."""
    return Path(shutil.copytree(trained, tmp_path / "run"))
