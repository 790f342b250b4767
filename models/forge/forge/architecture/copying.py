"""A copy of memory at the latents' own resolution, in front of the UNet's output.

Things stand upright in a picture, so which part of a thing's picture a cell shows has a row and a column that can be
looked for apart: two softmaxes over `fine_side` numbers instead of one over its square. What they point to is read
with both shares as weights, a linear interpolation; a convolution takes the slopes between neighbours, and a gated layer for
each cell turns all into a correction of the latents. A copy mechanism as in pointer-generator networks (arXiv 1704.04368), in two dimensions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .memory import FREQUENCIES, MemoryConfig, places


@dataclass(frozen=True)
class Pointers:
    """Logits over a grid of h x w latents: which thing is there, things + 1 with "none" the last (B, h, w, things + 1); the
    row and the column of its picture (B, things, h, w, fine_side)."""

    which: Tensor
    rows: Tensor
    columns: Tensor


class MemoryCopy(nn.Module):
    """From the finest feature map (B, width, h, w) to a correction of the latents (B, channels, h * patch, w * patch)."""

    def __init__(self, width: int, config: MemoryConfig, patch: int, channels: int):
        super().__init__()
        self.config, self.patch = config, patch
        inner, things = config.fine_width, config.things
        self.widen = nn.Conv2d(width, patch**2 * 2 * inner, 1)
        self.place = nn.Linear(4 * 2 * len(FREQUENCIES), 2 * inner)
        self.act = nn.Hardswish()
        self.find = nn.Conv2d(2 * inner, things * 2 * config.fine_side + things + 1, 1)
        self.around = nn.Conv2d(config.fine_numbers + things, inner, 3, padding=1)
        self.mix = nn.Conv2d(3 * inner + channels, 2 * inner, 1)
        self.out = nn.Conv2d(inner, channels, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, memory: Tensor, latents: Tensor, pointers: list[Pointers] | None = None) -> Tensor:
        """memory (B, parts, numbers), latents as predicted so far (B, channels, H, W) → better latents. Appends to
        `pointers`, when given."""
        hidden = self._hidden(x)
        found = self._pointers(self.find(hidden))
        if pointers is not None:
            pointers.append(found)
        shares = found.which.float().softmax(-1)[..., :-1].movedim(-1, 1).to(x.dtype)  # (B, things, H, W)
        seen = self._seen(found, self.fine_pictures(memory).to(x.dtype)) * shares[:, :, None]
        seen = self.around(torch.cat([seen.sum(1), shares], 1))
        shown, gate = self.mix(torch.cat([hidden, seen, latents.to(x.dtype)], 1)).chunk(2, dim=1)
        return latents + self.out(shown * self.act(gate))

    def _hidden(self, x: Tensor) -> Tensor:
        """What each cell looks for: (B, 2 * fine_width, H, W), from the features, the place and their products."""
        drawn, product = nn.functional.pixel_shuffle(self.widen(x), self.patch).chunk(2, dim=1)
        height, width = drawn.shape[-2:]
        place, factor = self.place(places(height, width, x.device)).permute(2, 0, 1)[None].chunk(2, dim=1)
        return torch.cat([self.act(drawn + place), product * factor], 1)

    def _pointers(self, logits: Tensor) -> Pointers:
        config = self.config
        grids, which = logits.split([config.things * 2 * config.fine_side, config.things + 1], 1)
        grids = grids.unflatten(1, (config.things, 2, config.fine_side)).movedim(3, -1)  # (B, things, 2, H, W, side)
        return Pointers(which.movedim(1, -1), grids[:, :, 0], grids[:, :, 1])

    def fine_pictures(self, memory: Tensor) -> Tensor:
        """(B, parts, numbers) → (B, things, rows, numbers of one latent * columns): each thing's picture in latents."""
        config = self.config
        parts = memory.unflatten(1, (config.things, config.side, config.side)).flatten(0, 1).permute(0, 3, 1, 2)
        fine = nn.functional.pixel_shuffle(parts, config.fine_side // config.side)  # (B * things, numbers, rows, columns)
        return fine.transpose(1, 2).flatten(2).unflatten(0, (-1, config.things))

    def _seen(self, found: Pointers, pictures: Tensor) -> Tensor:
        """→ (B, things, numbers of one latent, H, W): what the pointers point to."""
        height, width = found.rows.shape[2:4]
        rows = found.rows.float().softmax(-1).to(pictures.dtype).flatten(2, 3)
        columns = found.columns.float().softmax(-1).to(pictures.dtype).flatten(2, 3)
        lines = (rows @ pictures).unflatten(-1, (self.config.fine_numbers, self.config.fine_side))
        return (lines * columns[..., None, :]).sum(-1).transpose(2, 3).unflatten(-1, (height, width))
