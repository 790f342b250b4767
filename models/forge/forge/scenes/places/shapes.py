"""Shapes that several places share."""

from __future__ import annotations

import math
from random import Random

from ..canvas import Canvas, Point
from ..palette import RGB


def hills(rng: Random, y: float, height: float, waves: float = 1.5) -> list[Point]:
    """A smooth profile around ``y``, its crests ``height`` above it, left to right."""
    a, b = rng.uniform(0, 6.28), rng.uniform(0, 6.28)
    f, g = waves * rng.uniform(0.85, 1.15), waves * rng.uniform(1.7, 2.2)
    return [
        (i / 48, y - height * (0.7 * math.sin(6.28 * f * i / 48 + a) + 0.3 * math.sin(6.28 * g * i / 48 + b)))
        for i in range(49)
    ]


def height_at(profile: list[Point], x: float) -> float:
    """The y of a profile of evenly spaced points at x in [0, 1]."""
    return profile[min(len(profile) - 1, max(0, round(x * (len(profile) - 1))))][1]


def fir(canvas: Canvas, x: float, base: float, h: float, left: RGB, right: RGB, trunk: RGB) -> None:
    """A small background fir of height ``h`` standing at (x, base), lit from the left."""
    w = h * 0.27
    canvas.rectangle(x - h * 0.035, base - h * 0.14, x + h * 0.035, base, trunk)
    for bottom, top, half in ((0.10, 0.52, 1.0), (0.34, 0.76, 0.78), (0.58, 1.0, 0.54)):
        y0, y1 = base - bottom * h, base - top * h
        canvas.polygon([(x - w * half, y0), (x, y1), (x + w * half, y0)], left)
        canvas.polygon([(x + w * half * 0.1, y0), (x, y1), (x + w * half, y0)], right)
