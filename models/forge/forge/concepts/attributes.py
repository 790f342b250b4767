"""What a plan says of its picture, as labels: what the checker learns to read."""

from collections.abc import Iterable

import torch
from torch import Tensor

from forge.scenes import COLOURS, PLACES, TIMES

from .assets import STYLES
from .grounds import PATTERNS
from .landscapes import Landscape
from .phrases import EFFECTS
from .plans import Plan

RELATIONS = ("", "beside", "on top")
LARGEST_COUNT = 3
# Choices per head beside "thing" and "other", which have one for every thing; the last choice means "none" or "own colour"
CHOICES = {"colour": len(COLOURS) + 1, "other_colour": len(COLOURS) + 1, "place": len(PLACES) + 1, "time": len(TIMES) + 1,
           "ground": len(PATTERNS) + 1, "count": LARGEST_COUNT + 1, "relation": len(RELATIONS), "style": len(STYLES),
           "effect": len(EFFECTS)}


def heads(things: int) -> dict[str, int]:
    """Choices by head, for a vocabulary of so many things."""
    return {"thing": things + 1, "other": things + 1} | CHOICES


def labels(plans: Iterable[Plan], scenery: tuple[Landscape, ...], things: int) -> dict[str, Tensor]:
    """(B,) class indices per head. "thing" is the one that is drawn first: the left one, or the lower one."""
    rows = [_row(plan, scenery, things) for plan in plans]
    return {name: torch.tensor([row[name] for row in rows]) for name in heads(things)}


def _row(plan: Plan, scenery: tuple[Landscape, ...], things: int) -> dict[str, int]:
    landscape = scenery[plan.landscape] if plan.landscape >= 0 else None
    first, second = (plan.slots[0] if plan.slots else None), (plan.slots[1] if plan.relation else None)

    def colour(slot) -> int:
        return slot.colour if slot is not None and slot.colour >= 0 else len(COLOURS)

    return {
        "thing": first.thing if first else things, "other": second.thing if second else things,
        "colour": colour(first), "other_colour": colour(second),
        "place": PLACES.index(landscape.place) if landscape else len(PLACES),
        "time": TIMES.index(landscape.time) if landscape else len(TIMES),
        "ground": len(PATTERNS) if landscape else PATTERNS.index(plan.ground.pattern),
        "count": 1 if plan.relation else len(plan.slots), "relation": RELATIONS.index(plan.relation),
        "style": first.style if first else 0, "effect": EFFECTS.index(plan.effect)}


def asked(truth: dict[str, Tensor], things: int) -> dict[str, Tensor]:
    """(B,) bool per head: whose pictures count when it is measured, since their caption asks for it."""
    some = truth["thing"] < things
    two = truth["other"] < things
    scene = truth["place"] < len(PLACES)
    seen = truth["effect"] < EFFECTS.index("black and white")  # a colour that can be seen
    return {"thing": some, "other": two, "colour": (truth["colour"] < len(COLOURS)) & seen,
            "other_colour": (truth["other_colour"] < len(COLOURS)) & seen, "place": scene, "time": scene & seen, "ground": ~scene,
            "count": some & ~two, "relation": two, "style": some, "effect": torch.ones_like(some)}


def accuracies(logits: dict[str, Tensor], truth: dict[str, Tensor], things: int) -> dict[str, float]:
    """Share of right readings per head where it was asked for, in [0, 1], and "thing_top5"; heads that nothing asks for
    are left out."""
    found = {}
    for name, counted in asked(truth, things).items():
        if counted.any():
            wanted = truth[name][counted]
            found[name] = (logits[name][counted].argmax(1) == wanted).float().mean().item()
            if name == "thing":
                found["thing_top5"] = (logits[name][counted].topk(min(5, things), 1).indices == wanted[:, None]).any(1).float().mean().item()
    return found
