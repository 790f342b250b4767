"""What supervises a model of concepts beside its latents: which thing is where, and which part of its picture a cell shows."""

import torch
from torch import Tensor
from torch.nn import functional as F

from forge.architecture import Pointers
from forge.concepts.targets import NOWHERE


def what_loss(logits: list[Tensor], truth: Tensor) -> Tensor:
    """Cross-entropy of things over cells, summed over the heads; truth (B, cells, cells), NOWHERE is not counted, and 0 is
    the loss where nothing is anywhere."""
    if not (truth != NOWHERE).any():
        return 0 * sum(each.float().sum() for each in logits)
    return sum(F.cross_entropy(F.interpolate(each.float(), size=truth.shape[-2:], mode="nearest"), truth, ignore_index=NOWHERE)
               for each in logits)


def part_loss(logits: Tensor, truth: Tensor, known: Tensor, none: int) -> Tensor:
    """Cross-entropy of parts, half of it over cells that a thing covers and half over the others. logits (B, h * w,
    parts + 1), truth (B, h, w), known (B,) bool: whose memory was not left out; 0 where that is none."""
    each = F.cross_entropy(logits.float().flatten(0, 1), truth.flatten(), reduction="none")
    known = known[:, None, None].expand_as(truth).flatten()
    inside, outside = known & (truth.flatten() != none), known & (truth.flatten() == none)
    means = [each[cells].mean() for cells in (inside, outside) if cells.any()]
    return torch.stack(means).mean() if means else 0 * each.sum()


def pointer_loss(found: Pointers, which: Tensor, places: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy of the thing, half of it over cells that one covers, plus those of row and column where one does, against
    the two nearest of each, shared linearly. which (B, h, w), places (B, 2, h, w), known (B,) bool as in `part_loss`."""
    none = found.which.shape[-1] - 1
    known = known[:, None, None].expand_as(which)
    inside = known & (which != none)
    each = F.cross_entropy(found.which.float().movedim(-1, 1), which, reduction="none")
    means = [each[cells].mean() for cells in (inside, known & (which == none)) if cells.any()]
    if not inside.any():
        return torch.stack(means).mean() if means else 0 * each.sum()
    image, y, x = inside.nonzero(as_tuple=True)
    thing = which[inside]
    lines = sum(_two_nearest(logits[image, thing, y, x], places[image, axis, y, x])
                for axis, logits in enumerate((found.rows, found.columns)))
    return torch.stack(means).mean() + lines


def _two_nearest(logits: Tensor, place: Tensor) -> Tensor:
    """logits (N, side), place (N,) in [0, side - 1] → their mean cross-entropy."""
    log_shares, before = logits.float().log_softmax(-1), place.floor().long()
    after = (before + 1).clamp_max(logits.shape[-1] - 1)
    share = place - before
    return -((1 - share) * log_shares.gather(1, before[:, None])[:, 0] + share * log_shares.gather(1, after[:, None])[:, 0]).mean()
