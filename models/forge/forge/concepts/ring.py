"""Composed pictures as latents on disk, each used several times: a ring of shards, of which new ones replace the oldest.

    SIZE-NAME/000012.npz   PICTURES pictures: latents fp16 (8, h, w), coverage uint8 (SLOTS, h, w), slots fp16 (SLOTS, 7),
                           token ids int16 (tokens,), variates (VARIATES,)

A shard follows from (size, name, index) alone. Shards appear by rename, so several processes may read while one writes.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from forge.architecture import Vae
from forge.tokens import Tokenizer

from .choices import VARIATES
from .compose import CELL, Batch, Composer
from .corpus import Corpus
from .landscapes import Landscape
from .plans import Planner
from .sprites import Sprites

PICTURES = 500  # of a shard
BATCH = 25  # composed at once
LEAST_DRAWN = 256  # smaller pictures are composed at this size and reduced


@dataclass(frozen=True)
class Lesson:
    """Which pictures are learned from. name: of the ring's folder. favour: how many times as often the things that people
    ask for most are drawn. simple: the 3D style alone."""

    name: str
    favour: float
    simple: bool


@dataclass(frozen=True)
class Source:
    """What shards are made of."""

    assets: Path
    scenery: tuple[Landscape, ...]
    tokenizer: Tokenizer
    tokens: int
    vae: Vae


class Ring:
    """The shards of one size and lesson; `most` of them are kept."""

    def __init__(self, folder: Path, size: int, lesson: Lesson, source: Source, most: int):
        self.folder, self.size, self.lesson, self.source, self.most = folder / f"{size}-{lesson.name}", size, lesson, source, most
        self.folder.mkdir(parents=True, exist_ok=True)
        self.shards: dict[Path, dict[str, np.ndarray]] = {}
        self.tools: tuple[Corpus, Composer] | None = None
        self.used = 0  # pictures of batches since the last new shard

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.npz"))

    def refresh(self) -> None:
        """Reads shards that are new, and forgets those that are gone."""
        there = self.files()
        self.shards = {path: self.shards.get(path) or dict(np.load(path)) for path in there}

    def add(self) -> None:
        """Composes the next shard; the oldest goes when there are too many."""
        files = self.files()
        self.make(int(files[-1].stem) + 1 if files else 0)
        self.used = 0
        for path in self.files()[: -self.most]:
            path.unlink()
        self.refresh()

    @torch.no_grad()
    def make(self, index: int) -> None:
        corpus, composer = self._tools()
        rng = np.random.default_rng([self.size, int(self.lesson.simple), index])
        planner = Planner(corpus, self.source.scenery, rng, simple=self.lesson.simple)
        variates = rng.random((PICTURES, VARIATES), np.float32)
        plans = [planner.plan(row) for row in variates]
        parts: dict[str, list[np.ndarray]] = {"latents": [], "coverage": []}
        for start in range(0, PICTURES, BATCH):
            pictures, coverage = composer(Batch.of(plans[start : start + BATCH]))
            if composer.size > self.size:
                pictures = F.avg_pool2d(pictures, composer.size // self.size)
                coverage = F.avg_pool2d(coverage, composer.size // self.size)
            parts["latents"].append(self.source.vae.encode(pictures).half().cpu().numpy())
            parts["coverage"].append((coverage * 255).round().byte().cpu().numpy())
        ids = [self.source.tokenizer.encode(plan.text, self.source.tokens) for plan in plans]
        partial = self.folder / f".{os.getpid()}.npz"
        np.savez(partial, ids=np.array(ids, np.int16), variates=variates, slots=Batch.of(plans).slots.half().numpy(),
                 **{name: np.concatenate(arrays) for name, arrays in parts.items()})
        partial.rename(self.folder / f"{index:06d}.npz")

    def _tools(self) -> tuple[Corpus, Composer]:
        if self.tools is None:
            corpus = Corpus(self.source.assets, favour=self.lesson.favour)
            device = next(self.source.vae.parameters()).device
            self.tools = corpus, Composer(Sprites(self.source.assets), self.source.scenery, max(self.size, LEAST_DRAWN), device)
        return self.tools

    def batch(self, count: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Random pictures, from four shards at most, as float32 and int64 tensors; coverage in [0, 1]."""
        if not self.shards:
            self.refresh()
        self.used += count
        chosen = [list(self.shards.values())[int(number)] for number in rng.integers(len(self.shards), size=min(4, count))]
        rows = [rng.integers(PICTURES, size=len(part)) for part in np.array_split(np.arange(count), len(chosen))]
        taken = {name: torch.from_numpy(np.concatenate([shard[name][row] for shard, row in zip(chosen, rows)]))
                 for name in ("latents", "coverage", "slots", "ids", "variates")}
        return {"latents": taken["latents"].float(), "coverage": taken["coverage"].float() / 255,
                "slots": taken["slots"].float(), "ids": taken["ids"].long(), "variates": taken["variates"]}

    @property
    def cells(self) -> int:
        return self.size // CELL
