"""Pairs of noise and the latents that the guided teacher makes of it, kept on disk: what one step is taught first.

    pairs-256/settings.json     what they were made with
    pairs-256/00000/latents.npy (SHARD, 8, 32, 32) fp16
    pairs-256/00000/pairs.json  [{"prompt": "...", "seed": 7}, ...]: the noise follows from the seed

A shard appears by rename and follows from the settings and its number alone, so a stopped stage goes on, and several
processes can each make their own.
"""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from forge.sampling import initial_noise
from forge.scenes import Split, caption, sample_scene
from forge.training.denoiser_stage import SHIFT, Frozen
from forge.training.pool import Pool, data, record_caption
from forge.training.settings import difference

from .options import Options
from .teacher import Teacher

SHARD = 32
EMPTY_SHARE = 0.03  # of prompts: the empty prompt draws too
FIRST_SEED = 1 << 40  # far from the seeds that people and evaluations use


class Pairs:
    """The pairs of one size in pixels that a run holds; `wanted` says what they are made with."""

    def __init__(self, folder: Path, size: int, wanted: dict, pool: Path):
        self.folder, self.size, self.pool = folder, size, pool
        self.wanted = wanted | {"size": size}
        check(folder, self.wanted)
        self.latents = np.zeros((0, 1, 1, 1), np.float16)
        self.entries: list[dict] = []
        self.loaded: set[str] = set()

    def __len__(self) -> int:
        return len(self.entries)

    def shards(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("[0-9]*") if path.is_dir())

    def make(self, index: int, teacher: Teacher, frozen: Frozen) -> None:
        """Draws shard `index` unless it is there."""
        target = self.folder / f"{index:05d}"
        if target.exists():
            return
        self._remember_settings()
        prompts = self._prompts(index)
        seeds = [FIRST_SEED + index * SHARD + row for row in range(SHARD)]
        cells, channels = self.size // 8, frozen.vae.config.latent_channels
        made, batch = [], SHARD if frozen.machine.device.type == "cuda" else 8
        for start in range(0, SHARD, batch):
            part = slice(start, start + batch)
            noise = initial_noise(seeds[part], channels, cells).to(frozen.machine.device)
            made.append(teacher.draw(frozen.states(prompts[part]), noise, self.wanted["steps"], SHIFT[self.size]).cpu().half().numpy())
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        np.save(partial / "latents.npy", np.concatenate(made))
        (partial / "pairs.json").write_text(json.dumps(
            [{"prompt": prompt, "seed": seed} for prompt, seed in zip(prompts, seeds)]))
        partial.rename(target)

    def _remember_settings(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f".settings.{os.getpid()}"
        partial.write_text(json.dumps(self.wanted))
        partial.rename(self.folder / "settings.json")

    def _prompts(self, index: int) -> list[str]:
        rng = np.random.default_rng([self.size, index, 11])
        if data(self.pool) == "own":
            records = Pool(self.pool, 256, Split.TRAIN).records
            prompts = [record_caption(records[int(rng.integers(len(records)))], rng) for _ in range(SHARD)]
        else:
            prompts = [caption(sample_scene(rng, Split.TRAIN), rng) for _ in range(SHARD)]
        return ["" if rng.random() < EMPTY_SHARE else prompt for prompt in prompts]

    def load(self) -> None:
        """Takes in the shards that have appeared since the last call."""
        fresh = [path for path in self.shards() if path.name not in self.loaded]
        if not fresh:
            return
        latents = [np.load(path / "latents.npy") for path in fresh]
        self.latents = np.concatenate([self.latents, *latents] if len(self) else latents)
        self.entries += [entry for path in fresh for entry in json.loads((path / "pairs.json").read_text())]
        self.loaded |= {path.name for path in fresh}

    def batch(self, indices: np.ndarray, frozen: Frozen) -> tuple[Tensor, Tensor, Tensor]:
        """Noise and the teacher's latents, (B, 8, h, w) fp32, and the text states (B, L, D)."""
        entries = [self.entries[int(index)] for index in indices]
        device = frozen.machine.device
        noise = initial_noise([entry["seed"] for entry in entries], self.latents.shape[1], self.size // 8).to(device)
        latents = torch.from_numpy(self.latents[indices].astype(np.float32)).to(device)
        return noise, latents, frozen.states([entry["prompt"] for entry in entries])


def made_with(options: Options, teacher: str, start: str) -> dict:
    """What decides pairs of any size; `teacher` and `start` are the identities of the teacher and the generator's start."""
    if options.pairs_from == "eight-step":
        return {"teacher": start, "guidance": 1.0, "steps": 8}
    return {"teacher": teacher, "guidance": options.guidance, "steps": options.teacher_steps}


def check(folder: Path, wanted: dict) -> None:
    """ValueError names the folder and what its pairs were made with instead."""
    file = folder / "settings.json"
    if not file.exists():
        return
    try:
        found = difference(json.loads(file.read_text()), json.loads(json.dumps(wanted)), "")
    except ValueError as error:
        raise ValueError(f"{file} is damaged: {error}") from error
    if found:
        name, saved, given = found
        raise ValueError(f"{folder} holds pairs made with {name} = {saved}, this run has {given}: delete the folder, or "
                         "give the same settings")
