"""A sheet of drawn pictures: the ceiling of what a model can learn from them, for people to look at."""

import textwrap
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from .compose import Batch, Composer
from .corpus import Corpus
from .landscapes import landscapes
from .plans import Planner
from .sprites import Sprites

COLUMNS, SIDE, CAPTION = 10, 160, 40  # pictures in a row, their pixels, pixels of the caption under each
DRAWN, LANDSCAPES, BATCH = 256, 160, 25


def draw_sheet(assets: Path, out: Path, pictures: int, seed: int, only_first: bool = False, held_out: bool = False) -> list[str]:
    """Writes the sheet; returns its captions, from left to right and top to bottom."""
    corpus, scenery = Corpus(assets, only_first=only_first), landscapes(LANDSCAPES)
    planner = Planner(corpus, scenery, np.random.default_rng(seed), held_out=held_out)
    composer = Composer(Sprites(assets), scenery, DRAWN)
    plans = [planner.plan() for _ in range(pictures)]
    page = Image.new("RGB", (COLUMNS * SIDE, -(-pictures // COLUMNS) * (SIDE + CAPTION)), "white")
    pen = ImageDraw.Draw(page)
    for start in range(0, pictures, BATCH):
        drawn, _ = composer(Batch.of(plans[start : start + BATCH]))
        for row, pixels in enumerate(to_pixels(drawn)):
            x, y = (start + row) % COLUMNS * SIDE, (start + row) // COLUMNS * (SIDE + CAPTION)
            page.paste(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
            pen.text((x + 2, y + SIDE + 1), "\n".join(textwrap.wrap(plans[start + row].text, 27)[:3]), "black")
    out.parent.mkdir(parents=True, exist_ok=True)
    page.save(out)
    return [plan.text for plan in plans]


def to_pixels(pictures: torch.Tensor) -> np.ndarray:
    """(B, 3, H, W) in [-1, 1] → (B, H, W, 3) uint8."""
    return ((pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
