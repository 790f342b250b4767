"""Visual memory: pictures of the things that a prompt names, which the UNet attends to and copies from.

A thing's own picture, encoded, is cut into parts of 2x2 latents; each part is some numbers (the latents and how much of
each the thing covers). The parts of a prompt's things follow the text states in `encoder_hidden_states`, packed into
rows of the same width, so that a bundle stays in the diffusers layout. Retrieval-augmented diffusion (arXiv 2204.11824)
and IP-Adapter (2308.06721) are kin; here the attention map itself is trained, towards the part that is truly there.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

FREQUENCIES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 3.0, 6.0)  # half waves per picture
SHARPNESS = 4.0  # of the logits, beside 1 / sqrt(width)


@dataclass(frozen=True)
class MemoryConfig:
    """levels_down, levels_up: of the UNet, where it looks into memory: behind each block, before each level's blocks."""

    things: int = 2  # that a prompt may name
    side: int = 16  # parts in a row of a thing's picture
    numbers: int = 36  # of a part: 2x2 latents of 8 channels, and their coverage
    width: int = 64  # of queries and keys
    levels_down: tuple[int, ...] = (1,)
    levels_up: tuple[int, ...] = (1, 0)
    fine_width: int = 0  # of the copy at the latents' own resolution (`copying.py`); 0 for none

    @property
    def fine_side(self) -> int:
        """Latents in a row of a thing's picture."""
        return 2 * self.side

    @property
    def fine_numbers(self) -> int:
        """Of one latent: its channels and its coverage."""
        return self.numbers // 4

    @property
    def parts(self) -> int:
        """Of all things together; also the index that means "no thing is here"."""
        return self.things * self.side**2

    def rows(self, context_width: int) -> int:
        """Rows of that width that a packed memory takes."""
        return math.ceil(self.parts * self.numbers / context_width)


def pack(memory: Tensor, context_width: int) -> Tensor:
    """(B, parts, numbers) → (B, rows, context_width), filled up with zeros."""
    flat = memory.flatten(1)
    rows = math.ceil(flat.shape[1] / context_width)
    return nn.functional.pad(flat, (0, rows * context_width - flat.shape[1])).unflatten(1, (rows, context_width))


def unpack(rows: Tensor, config: MemoryConfig) -> Tensor:
    """The inverse of `pack`."""
    return rows.flatten(1)[:, : config.parts * config.numbers].unflatten(1, (config.parts, config.numbers))


def waves(position: Tensor) -> Tensor:
    """(N,) in [0, 1] → (N, 16) sines and cosines."""
    angles = position[:, None] * torch.tensor(FREQUENCIES, device=position.device) * torch.pi
    return torch.cat([angles.sin(), angles.cos()], 1)


def places(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """(height, width, 64): where each cell of a picture is, in waves of row and column and their products."""
    rows, columns = (waves((torch.arange(count, device=device) + 0.5) / count) for count in (height, width))
    both = torch.cat([rows[:, None].expand(-1, width, -1), columns[None].expand(height, -1, -1)], -1)
    down, across = both.chunk(2, dim=-1)
    return torch.cat([both, down * across, down * across.flip(-1)], -1)


class MemoryAttention(nn.Module):
    """One head over the parts of a prompt's things. What it looks for follows from what is drawn so far and from the place
    in the picture, and from their products: a place relative to a thing's. Keys are the same for every thing, since only
    the place of a part in its picture matters; values hold a part and its neighbours, since cells lie between parts."""

    def __init__(self, width: int, config: MemoryConfig, groups: int):
        super().__init__()
        self.config = config
        keys = config.width
        self.norm = nn.GroupNorm(groups, width, eps=1e-5)
        self.query = nn.Conv2d(width, 4 * keys, 1)
        self.place = nn.Linear(4 * 2 * len(FREQUENCIES), 4 * keys)
        self.act = nn.Hardswish()
        self.query2 = nn.Conv2d(4 * keys, keys, 1)
        self.row, self.col = (nn.Parameter(torch.randn(config.side, keys) * 0.5) for _ in range(2))
        self.slot = nn.Parameter(torch.randn(config.things, keys) * 0.5)
        self.none = nn.Parameter(torch.randn(1, keys) * 0.5)
        self.value = nn.Conv2d(config.numbers, width, 3, padding=1)
        self.mix = nn.Conv2d(2 * width, 4 * width, 1)
        self.out = nn.Conv2d(2 * width, width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def keys(self) -> Tensor:
        """(parts + 1, width), the last for "no thing is here"."""
        parts = self.slot[:, None, None] + self.row[None, :, None] + self.col[None, None, :]
        return torch.cat([parts.reshape(self.config.parts, self.config.width), self.none])

    @property
    def scale(self) -> float:
        return self.config.width**-0.5 * SHARPNESS

    def forward(self, x: Tensor, memory: Tensor, logits: list[Tensor] | None = None) -> Tensor:
        """x (B, C, h, w), memory (B, parts, numbers) → as x. Appends (B, h * w, parts + 1) to `logits`, when given."""
        height, width = x.shape[-2:]
        normal = self.norm(x)
        drawn, product = self.query(normal).chunk(2, dim=1)
        place, factor = self.place(places(height, width, x.device)).permute(2, 0, 1)[None].chunk(2, dim=1)
        query = torch.cat([self.act(drawn + place), product * factor], 1)
        query = self.query2(query).flatten(2).transpose(1, 2)  # (B, h * w, keys)
        scores = query @ self.keys().to(query.dtype).T * self.scale
        if logits is not None:
            logits.append(scores)
        shares = scores.float().softmax(-1)[..., : self.config.parts]
        seen = shares.to(x.dtype) @ self._values(memory)
        seen = seen.transpose(1, 2).unflatten(2, (height, width))
        shown, gate = self.mix(torch.cat([normal, seen], 1)).chunk(2, dim=1)
        return x + self.out(shown * self.act(gate))

    def _values(self, memory: Tensor) -> Tensor:
        """(B, parts, numbers) → (B, parts, width)."""
        config = self.config
        pictures = memory.unflatten(1, (config.things, config.side, config.side)).flatten(0, 1).permute(0, 3, 1, 2)
        return self.value(pictures).flatten(2).transpose(1, 2).reshape(len(memory), config.parts, -1)
