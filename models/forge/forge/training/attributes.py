"""A scene's attributes as labels, and the heads that predict them from a picture's or a caption's features.

Subjects are named in order from left to right; a scene with fewer than two has "none" in the places left over.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forge.scenes import COLOURS, COUNTS, KINDS, PLACES, SIDES, SIZES, SKIES, TIMES

# Choices per head; index len(choices) means "none".
HEADS: dict[str, tuple[str, ...]] = {
    "place": PLACES, "time": TIMES,
    "kind": KINDS, "colour": COLOURS, "size": SIZES, "side": SIDES, "count": COUNTS,
    "second_kind": KINDS, "second_colour": COLOURS, "second_size": SIZES,
}


def labels(records: list[dict]) -> dict[str, Tensor]:
    """Class indices (B,) per head, and "sky" (B, len(SKIES)) of zeros and ones."""
    columns: dict[str, list[int]] = {name: [] for name in HEADS}
    sky = torch.zeros(len(records), len(SKIES))
    for row, record in enumerate(records):
        columns["place"].append(PLACES.index(record["place"]))
        columns["time"].append(TIMES.index(record["time"]))
        for name in record["sky"]:
            sky[row, SKIES.index(name)] = 1
        for prefix, position in (("", 0), ("second_", 1)):
            subject = record["subjects"][position] if position < len(record["subjects"]) else None
            columns[prefix + "kind"].append(KINDS.index(subject["kind"]) if subject else len(KINDS))
            columns[prefix + "colour"].append(COLOURS.index(subject["colour"]) if subject else len(COLOURS))
            columns[prefix + "size"].append(SIZES.index(subject["size"]) if subject else len(SIZES))
            if not prefix:
                columns["side"].append(SIDES.index(subject["side"]) if subject else len(SIDES))
                columns["count"].append(subject["count"] - 1 if subject else len(COUNTS))
    return {name: torch.tensor(column) for name, column in columns.items()} | {"sky": sky}


class AttributeHeads(nn.Module):
    """One linear classifier per attribute."""

    def __init__(self, width: int):
        super().__init__()
        self.heads = nn.ModuleDict({name: nn.Linear(width, len(choices) + 1) for name, choices in HEADS.items()})
        self.sky = nn.Linear(width, len(SKIES))

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """features (B, width) → logits (B, choices + 1) per head and "sky" (B, len(SKIES))."""
        return {name: head(features) for name, head in self.heads.items()} | {"sky": self.sky(features)}


def attribute_loss(logits: dict[str, Tensor], truth: dict[str, Tensor]) -> Tensor:
    """Mean cross-entropy over the heads."""
    losses = [F.cross_entropy(logits[name].float(), truth[name]) for name in HEADS]
    losses.append(F.binary_cross_entropy_with_logits(logits["sky"].float(), truth["sky"]))
    return torch.stack(losses).mean()


def accuracies(logits: dict[str, Tensor], truth: dict[str, Tensor]) -> dict[str, float]:
    """Share of right answers per head, in [0, 1]."""
    return {name: (logits[name].argmax(1) == truth[name]).float().mean().item() for name in HEADS}
