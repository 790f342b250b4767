"""Pictures from plans, on GPU or CPU: grounds or landscapes, things with shadows, styles of the whole picture."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from forge.scenes import TIMES

from .grounds import PATTERNS
from .icons import SIDE
from .landscapes import Landscape
from .phrases import EFFECTS
from .plans import SLOTS, Plan
from .recolour import Recolouring
from .sprites import MARGIN, Sprites
from .styles import BY_NAME

CELL = 8  # pixels of a latent cell
THING = (SIDE - 2 * MARGIN) / SIDE  # share of a sprite's side that the larger side of its thing takes
# How a thing looks at each time of day: factors of red, green and blue
LIGHT = {"dawn": (0.95, 0.90, 0.92), "day": (1.0, 1.0, 1.0), "sunset": (1.0, 0.88, 0.80), "night": (0.72, 0.76, 0.94)}
SHADOW = 0.38  # darkness of the shadow under what stands
GROUNDED = 0.7  # in a landscape, what ends above it (share of the picture's height) hangs in the air


@dataclass(frozen=True)
class Batch:
    """Plans as arrays. slots (B, SLOTS, 7): see `plans.Slot`, -1 in front of empty ones. landscapes (B,): -1 for none.
    patterns, effects (B,): indices of PATTERNS, EFFECTS. colours (B, 2, 3) in [0, 1]."""

    slots: Tensor
    landscapes: Tensor
    patterns: Tensor
    effects: Tensor
    colours: Tensor

    @staticmethod
    def of(plans: list[Plan]) -> "Batch":
        slots = np.full((len(plans), SLOTS, 7), -1, np.float32)
        colours = np.zeros((len(plans), 2, 3), np.float32)
        for row, plan in enumerate(plans):
            for position, slot in enumerate(plan.slots):
                slots[row, position] = slot.row()
            if plan.ground is not None:
                colours[row] = plan.ground.colours
        return Batch(torch.from_numpy(slots), torch.tensor([plan.landscape for plan in plans]),
                     torch.tensor([PATTERNS.index(plan.ground.pattern) if plan.ground else 0 for plan in plans]),
                     torch.tensor([EFFECTS.index(plan.effect) for plan in plans]), torch.from_numpy(colours))


class Composer:
    """Draws batches of one size. Sprites and landscapes are read and drawn when they are first needed."""

    def __init__(self, sprites: Sprites, scenery: tuple[Landscape, ...], size: int, device: torch.device | None = None):
        self.sprites, self.scenery, self.size = sprites, scenery, size
        self.device = device or torch.device("cpu")
        self.recolour = Recolouring(self.device)
        self.light = torch.tensor([(1.0, 1.0, 1.0), *(LIGHT[time] for time in TIMES)], device=self.device)
        self.drawn: dict[int, np.ndarray] = {}
        self.rows = (torch.arange(size, device=self.device) + 0.5) / size  # middles of pixels, shares of the picture

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Pictures (B, 3, size, size) in [-1, 1]; coverage (B, SLOTS, size/8, size/8) in [0, 1]."""
        picture = self._grounds(batch)
        coverage = torch.zeros(len(picture), SLOTS, self.size // CELL, self.size // CELL, device=self.device)
        for position in range(SLOTS):
            slots = batch.slots[:, position]
            rows = (slots[:, 0] >= 0).nonzero()[:, 0]
            if len(rows):
                self._add(picture, coverage, position, rows, slots[rows].to(self.device))
        for number, name in enumerate(EFFECTS):
            rows = (batch.effects == number).nonzero()[:, 0]
            if name in BY_NAME and len(rows):
                picture[rows] = BY_NAME[name](picture[rows])
        return picture.clamp(0, 1) * 2 - 1, coverage

    def _grounds(self, batch: Batch) -> Tensor:
        first, second = (batch.colours[:, index, :, None, None].to(self.device) for index in (0, 1))
        shares = self._patterns()[batch.patterns]
        picture = torch.lerp(first.expand(-1, -1, self.size, self.size), second.expand(-1, -1, self.size, self.size), shares)
        for row, index in enumerate(batch.landscapes.tolist()):
            if index >= 0:
                pixels = torch.from_numpy(self._landscape(index)).to(self.device)
                picture[row] = pixels.permute(2, 0, 1).float() / 255
        return picture

    def _landscape(self, index: int) -> np.ndarray:
        if index not in self.drawn:
            self.drawn[index] = self.scenery[index].pixels(self.size).copy()
        return self.drawn[index]

    def _patterns(self) -> Tensor:
        """(patterns, 1, size, size): the share of the second colour."""
        y, x = self.rows[:, None], self.rows[None, :]
        size = self.size
        glow = ((x - 0.5) ** 2 + (y - 0.45) ** 2).sqrt() * 1.35
        stripes = (((x + y) * 6).remainder(1) - 0.5).abs().sub(0.25).mul(size / 12).add(0.5)
        dots = (((x * 7).remainder(1) - 0.5) ** 2 + ((y * 7).remainder(1) - 0.5) ** 2).sqrt().sub(0.27).mul(-size / 7).add(0.5)
        checks = ((x * 8).floor() + (y * 8).floor()).remainder(2)
        shares = {"plain": torch.zeros(size, size, device=self.device), "gradient": y.expand(size, size), "glow": glow,
                  "stripes": stripes, "dots": dots, "checks": checks}
        return torch.stack([shares[name].clamp(0, 1)[None] for name in PATTERNS])

    def _textures(self, slots: Tensor) -> Tensor:
        """(B, 4, SIDE, SIDE) in [0, 1]: the things in their colours and light, colours multiplied by alpha."""
        pixels = np.stack([self.sprites.read(int(thing), int(style)) for thing, style in slots[:, :2].tolist()])
        rgba = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).float() / 255
        coloured = (slots[:, 5] >= 0).nonzero()[:, 0]
        if len(coloured):
            rgba[coloured] = self.recolour(rgba[coloured], slots[coloured, 5].long())
        rgb = rgba[:, :3] * self.light[slots[:, 6].long() + 1][:, :, None, None]
        return torch.cat([rgb * rgba[:, 3:], rgba[:, 3:]], 1)

    def _add(self, picture: Tensor, coverage: Tensor, position: int, rows: Tensor, slots: Tensor) -> None:
        """Draws one thing into each of the rows' pictures, with the shadow below it."""
        rgba = self._textures(slots)
        x, bottom, span = (slots[:, column, None, None] for column in (2, 3, 4))
        side = span / THING
        middle = bottom - span / 2
        across = (self.rows[None, None, :] - x).expand(-1, self.size, -1)
        down = (self.rows[None, :, None] - middle).expand(-1, -1, self.size)
        grid = 2 * torch.stack([across / side, down / side], -1)
        fine, coarse = (F.grid_sample(texture, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
                        for texture in (rgba, F.avg_pool2d(rgba, 2)))
        layer = torch.where((side * self.size < 0.75 * SIDE)[..., None], coarse, fine)  # (B, 4, size, size)
        below = (self.rows[None, :, None] - bottom + 0.004) / (0.055 * side + 0.006)
        shadow = torch.exp(-((across / (0.34 * side)) ** 2 + below**2))
        standing = 1 - ((slots[:, 6] >= 0) & (slots[:, 3] < GROUNDED)).float()[:, None, None]
        behind = picture[rows] * (1 - SHADOW * (standing * shadow)[:, None])
        picture[rows] = behind * (1 - layer[:, 3:]) + layer[:, :3]
        coverage[rows, position] = F.avg_pool2d(layer[:, 3:], CELL)[:, 0]
