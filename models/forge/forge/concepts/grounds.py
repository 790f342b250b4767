"""Grounds without a landscape: what they are, and what captions call them."""

from dataclasses import dataclass

import numpy as np

from forge.scenes import COLOURS
from forge.scenes.palette import NAMED

from .chance import Chance
from .choices import Choices

PATTERNS = ("plain", "gradient", "glow", "stripes", "dots", "checks")
# Soft grounds that no word names: upper and lower colour
PASTELS = (((255, 244, 214), (255, 214, 165)), ((214, 240, 255), (164, 205, 250)), ((232, 224, 255), (190, 178, 245)),
           ((222, 250, 226), (168, 226, 186)), ((255, 226, 236), (250, 182, 206)), ((244, 246, 250), (208, 214, 226)))
SHADES = 12  # of 255: how much darker or lighter a ground's colours may be
WORDS = {"stripes": ("{} and {} stripes", "a {} and {} striped background"), "dots": ("a {} background with {} dots",),
         "checks": ("a {} and {} checkered background",)}


@dataclass(frozen=True)
class Ground:
    """pattern: one of PATTERNS. colours: (2, 3) in [0, 1]. names: of the colours, none where it is unsaid."""

    pattern: str
    colours: np.ndarray
    names: tuple[str, ...]
    phrase: str


def choose(chance: Chance, left_open: Choices) -> Ground:
    """What the caption says of the ground by `chance`, the rest by `left_open`."""
    kind = chance.rng.random()
    if kind < 0.3:
        upper, lower = left_open.pick("landscape", PASTELS)
        pattern = left_open.pick("pattern", ("gradient", "glow"))
        return Ground(pattern, np.stack([_near(upper, left_open), _near(lower, left_open)]), (), "")
    first = chance.pick(COLOURS)
    colour = _near(NAMED[first], left_open)
    if kind < 0.72:
        phrase = chance.pick([f"on a {first} background", f"on a {first} background", f"on {first}", f"in front of a {first} wall"])
        if left_open.pick("pattern", (True, True, False)):
            return Ground("plain", np.stack([colour, colour]), (first,), phrase)
        return Ground("glow", np.stack([np.clip(colour * 1.12 + 0.03, 0, 1), colour * 0.88]), (first,), phrase)
    second = chance.pick([name for name in COLOURS if name != first])
    colours = np.stack([colour, _near(NAMED[second], left_open)])
    if kind < 0.84:
        return Ground("gradient", colours, (first, second), f"on a {first} and {second} gradient")
    pattern = chance.pick(("stripes", "dots", "checks"))
    return Ground(pattern, colours, (first, second), "on " + chance.pick(WORDS[pattern]).format(first, second))


def _near(rgb: tuple[int, int, int], left_open: Choices) -> np.ndarray:
    """(3,) in [0, 1]: the colour, a little darker or lighter."""
    return np.clip((np.array(rgb) + left_open.between("shade", -SHADES, SHADES)) / 255, 0, 1).astype(np.float32)
