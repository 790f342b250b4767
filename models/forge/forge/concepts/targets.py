"""What training knows of a composed picture: which things it holds, where each is, and which part of its own picture."""

import torch
from torch import Tensor
from torch.nn import functional as F

from forge.architecture import MemoryConfig

from .compose import THING

COVERED, SEEN = 0.4, 0.35  # share of a cell from which on a part, or a thing, counts as being there
NOWHERE = -1


def things(slots: Tensor) -> Tensor:
    """slots (B, SLOTS, 7) → (B, 2) the one or two different things in the order of memory, NOWHERE where there is none."""
    first, other = slots[:, 0, 0].long(), slots[:, 1, 0].long()
    return torch.stack([first, torch.where((other >= 0) & (other != first), other, NOWHERE)], 1)


def where_things_are(slots: Tensor, coverage: Tensor, cells: int) -> Tensor:
    """slots (B, SLOTS, 7), coverage (B, SLOTS, h, w) → (B, cells, cells): the thing that covers most of each cell, or
    NOWHERE."""
    most, slot = F.adaptive_avg_pool2d(coverage, cells).max(1)
    thing = slots[:, :, 0].long()[:, :, None, None].expand(-1, -1, cells, cells).gather(1, slot[:, None])[:, 0]
    return torch.where(most > SEEN, thing, NOWHERE)


def true_places(slots: Tensor, coverage: Tensor, cells: int, config: MemoryConfig) -> tuple[Tensor, Tensor]:
    """slots (B, SLOTS, 7), coverage (B, SLOTS, h, w) → what a copy of memory should point to in each of cells x cells:
    (B, cells, cells) which of the prompt's things, `config.things` for none, and (B, 2, cells, cells) the row and the
    column of its picture, fractions of `config.fine_side` counted from the middle of the first."""
    side, named = config.fine_side, things(slots)
    share = F.adaptive_avg_pool2d(coverage, cells)
    middle = (torch.arange(cells, device=slots.device) + 0.5) / cells
    which = torch.full((len(slots), cells, cells), config.things, device=slots.device)
    places = torch.zeros(len(slots), 2, cells, cells, device=slots.device)
    for position in range(slots.shape[1]):
        thing, x, bottom, span = (slots[:, position, column, None, None] for column in (0, 2, 3, 4))
        whole = (span / THING).clamp_min(1e-3)  # of the sprite with its margin
        column = (((middle[None, None, :] - x) / whole + 0.5) * side - 0.5).expand(-1, cells, -1)
        row = (((middle[None, :, None] - bottom + span / 2) / whole + 0.5) * side - 0.5).expand(-1, -1, cells)
        there = (share[:, position] > COVERED) & (thing >= 0)
        which = torch.where(there, (thing.long() != named[:, 0, None, None]).long(), which)
        places = torch.where(there[:, None], torch.stack([row, column], 1), places)
    return which, places.clamp(0, side - 1)


def true_parts(slots: Tensor, coverage: Tensor, cells: int, config: MemoryConfig) -> Tensor:
    """As above → (B, cells, cells): the part of memory that each cell shows, `config.parts` for none."""
    side, named = config.side, things(slots)
    share = F.adaptive_avg_pool2d(coverage, cells)
    middle = (torch.arange(cells, device=slots.device) + 0.5) / cells
    made = torch.full((len(slots), cells, cells), config.parts, device=slots.device)
    for position in range(slots.shape[1]):
        thing, x, bottom, span = (slots[:, position, column, None, None] for column in (0, 2, 3, 4))
        whole = (span / THING).clamp_min(1e-3)  # of the sprite with its margin
        column = (((middle[None, None, :] - x) / whole + 0.5) * side).long().clamp(0, side - 1)
        row = (((middle[None, :, None] - bottom + span / 2) / whole + 0.5) * side).long().clamp(0, side - 1)
        which = (thing.long() != named[:, 0, None, None]).long()
        there = (share[:, position] > COVERED) & (thing >= 0)
        made = torch.where(there, (which * side + row) * side + column, made)
    return made
