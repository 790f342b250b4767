"""Which pairs of things training never shows: decided by SHA-256 of their names, the same on every machine."""

import hashlib

COLOUR_SHARE = 0.07  # of (thing, colour)
PLACE_SHARE = 0.05  # of (thing, place)


def _share(*names: str) -> float:
    """A number in [0, 1) that depends on the names only."""
    return int.from_bytes(hashlib.sha256("|".join(names).encode()).digest()[:4], "big") / 2**32


def is_held_out_colour(thing: str, colour: str) -> bool:
    return _share("colour", thing, colour) < COLOUR_SHARE


def is_held_out_place(thing: str, place: str) -> bool:
    return _share("place", thing, place) < PLACE_SHARE
