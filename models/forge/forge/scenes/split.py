"""Which attribute combinations training never sees.

The rule looks at each subject's (kind, colour, place) and holds the scene out when, for any
subject, either

* the (kind, colour) pair is held out in every place (about 6 % of the 220 pairs): the model must
  put together a kind and a colour it never saw together, or
* the (kind, colour, place) triple is held out (about 3 % of the other 1,650 or so triples): it
  saw the pair, but never there.

Both are decided by SHA-256 of the names, so they are the same on every machine and for every
version of Python. Every kind, colour, place and (kind, place) or (colour, place) pair is seen in
training.
"""

from __future__ import annotations

import enum
import hashlib
from functools import cache

from .scene import Scene
from .vocabulary import COLOURS, KINDS, PLACES

PAIR_SHARE = 0.06
TRIPLE_SHARE = 0.03


class Split(enum.Enum):
    """The side of the held-out rule that a scene is sampled from; ANY is both, for the checker alone: who has never
    seen a green cat cannot tell whether this is one (docs/adr/0006)."""

    TRAIN = "train"
    HELD_OUT = "held-out"
    ANY = "any"

    def takes(self, held_out: bool) -> bool:
        """Whether a scene or combination that is held out, or is not, belongs to this side."""
        return self is Split.ANY or held_out is (self is Split.HELD_OUT)


def _share(*names: str) -> float:
    """A number in [0, 1) that depends on the names only."""
    digest = hashlib.sha256("|".join(names).encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


@cache
def is_held_out_combination(kind: str, colour: str, place: str) -> bool:
    """True when training shows no such subject in that place."""
    return (
        _share("pair", kind, colour) < PAIR_SHARE
        or _share("triple", kind, colour, place) < TRIPLE_SHARE
    )


def is_held_out(scene: Scene) -> bool:
    """True when any subject of the scene is a held-out combination; False without subjects."""
    return any(is_held_out_combination(s.kind, s.colour, scene.place) for s in scene.subjects)


@cache
def combinations(split: Split) -> tuple[tuple[str, str, str], ...]:
    """Every (kind, colour, place) of the split, in vocabulary order."""
    return tuple(
        (kind, colour, place)
        for kind in KINDS
        for colour in COLOURS
        for place in PLACES
        if split.takes(is_held_out_combination(kind, colour, place))
    )
