"""Where each thing of a scene goes and how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .scene import Scene, Subject
from .vocabulary import FLYING_KINDS

EXTENTS = {"small": 0.212, "plain": 0.335, "big": 0.50}
"""The larger of width and height of a single thing, as a fraction of the picture, by size word."""
EXTENT_JITTER = 0.045
PAIR_LIMIT = 0.42
"""Largest extent when two things share the picture."""
TRIO_EXTENTS = {"small": 0.21, "plain": 0.262, "big": 0.305}
"""Extents of each of three."""
SIDE_CENTRES = {"left": 0.26, "middle": 0.50, "right": 0.74}
_MARGIN = 0.012


@dataclass(frozen=True)
class Spot:
    """One thing's place: its subject's index, centre x, lowest y (or centre y if flying), extent."""

    subject: int
    x: float
    y: float
    extent: float
    flying: bool


def place_things(scene: Scene, rng: Random) -> tuple[Spot, ...]:
    """A spot for each thing of each subject, farthest first."""
    spots = []
    crowded = len(scene.subjects) == 2
    for index, subject in enumerate(scene.subjects):
        flying = subject.kind in FLYING_KINDS
        for centre, extent in _row(subject, crowded, rng):
            half = extent / 2.0 + _MARGIN
            x = min(1.0 - half, max(half, centre))
            spots.append(Spot(index, x, _height(extent, flying, rng), extent, flying))
    return tuple(sorted(spots, key=lambda spot: (not spot.flying, spot.y)))


def _row(subject: Subject, crowded: bool, rng: Random) -> list[tuple[float, float]]:
    """(centre x, extent) of each of the subject's things."""
    jitter = rng.uniform(1.0 - EXTENT_JITTER, 1.0 + EXTENT_JITTER)
    if subject.count == 3:
        extent = TRIO_EXTENTS[subject.size] * (1.0 + (jitter - 1.0) * 0.3)
        return [(centre + rng.uniform(-0.006, 0.006), extent) for centre in (0.175, 0.5, 0.825)]
    extent = EXTENTS[subject.size] * jitter
    if subject.count == 2:
        extent = min(extent, PAIR_LIMIT)
        return [(centre + rng.uniform(-0.02, 0.02), extent) for centre in (0.26, 0.74)]
    if crowded:
        extent = min(extent, PAIR_LIMIT)
    return [(SIDE_CENTRES[subject.side] + rng.uniform(-0.035, 0.035), extent)]


def _height(extent: float, flying: bool, rng: Random) -> float:
    if flying:
        centre = 0.30 + rng.uniform(-0.035, 0.035)
        return max(centre, extent / 2.0 + 0.03)
    return 0.845 + 0.14 * (extent - 0.2) + rng.uniform(0.0, 0.045)


def free_columns(spots: tuple[Spot, ...]) -> tuple[float, ...]:
    """Centre x's for a sun or moon, away from things that reach into the sky."""
    columns = (0.14, 0.5, 0.86)
    tall = [spot for spot in spots if spot.flying or spot.extent > 0.4]
    free = [c for c in columns if all(abs(c - spot.x) > spot.extent / 2.0 + 0.07 for spot in tall)]
    if free:
        return tuple(free)
    return (max(columns, key=lambda c: min(abs(c - spot.x) for spot in tall)),)
