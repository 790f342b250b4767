"""Tree, pine, flower, mushroom and apple."""

from __future__ import annotations

import math
from random import Random

from ..palette import CREAM, LEAF, LEAF_DARK, WOOD, WOOD_DARK, Light, Tones
from .sketch import Sketch

_TRUNK = (104, 66, 42)


def sketch_tree(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A broad leafy crown of round lobes on a brown trunk."""
    s = Sketch()
    s.polygon([(-0.13, 0.0), (-0.075, 0.16), (-0.07, 0.50), (0.07, 0.50), (0.075, 0.16), (0.13, 0.0)], _TRUNK)
    s.polygon([(0.02, 0.02), (0.02, 0.5), (0.07, 0.50), (0.075, 0.16), (0.13, 0.0)], WOOD_DARK, body=False)
    s.stroke([(0.0, 0.34), (-0.16, 0.48)], 0.05, _TRUNK)
    lobes = [(-0.34, 0.58, 0.25), (0.34, 0.58, 0.25), (-0.24, 0.84, 0.27), (0.25, 0.84, 0.26), (0.0, 0.98, 0.27),
             (0.0, 0.62, 0.30)]
    lobes = [(x, y, r * rng.uniform(0.94, 1.06)) for x, y, r in lobes]
    for x, y, r in lobes:
        s.oval(x, y, r, r, tone.dark)
    for x, y, r in lobes:
        s.oval(x - 0.03, y + 0.04, r * 0.86, r * 0.86, tone.base, body=False)
    for x, y, r in ((-0.27, 0.95, 0.10), (-0.05, 1.09, 0.09), (-0.40, 0.68, 0.08), (0.18, 0.92, 0.07)):
        s.oval(x, y, r, r * 0.8, tone.light, body=False)
    return s


def sketch_pine(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A narrow pointed conifer of four tiers, its right side shaded."""
    s = Sketch()
    s.box(-0.07, 0.0, 0.07, 0.2, _TRUNK)
    s.box(0.01, 0.0, 0.07, 0.2, WOOD_DARK, body=False)
    w = rng.uniform(0.94, 1.06)
    for low, high, half in ((0.15, 0.62, 0.43), (0.40, 0.86, 0.35), (0.66, 1.08, 0.27), (0.90, 1.30, 0.18)):
        half *= w
        notch = low + 0.06
        s.polygon([(-half, low), (-half * 0.5, notch), (0.0, low - 0.01), (half * 0.5, notch), (half, low),
                   (0.0, high)], tone.base)
        s.polygon([(0.03, low), (half * 0.5, notch), (half, low), (0.0, high)], tone.dark, body=False)
        s.polygon([(-half * 0.78, low + 0.06), (-half * 0.45, low + 0.10),
                   (-0.02, high - 0.06)], tone.light, body=False)
        s.polygon([(-half * 0.5, notch), (0.0, low - 0.01), (half * 0.5, notch),
                   (0.0, low + 0.03)], tone.deep, body=False)
    return s


def sketch_flower(tone: Tones, light: Light, rng: Random) -> Sketch:
    """One big blossom of eight round petals on a stem with two leaves."""
    s = Sketch()
    s.stroke([(0.02, 0.0), (-0.02, 0.3), (0.0, 0.7)], 0.065, LEAF_DARK, body=True)
    for side in (-1, 1):
        s.curve([(0.0, 0.10), (side * 0.18, 0.13), (side * 0.36, 0.34), (side * 0.16, 0.32)], LEAF)
        s.stroke([(0.0, 0.12), (side * 0.26, 0.28)], 0.02, LEAF_DARK)
    turn, cy = rng.uniform(-0.15, 0.15), 0.90
    ring, petal = 0.27, 0.155 * rng.uniform(0.96, 1.04)
    spots = [(ring * math.cos(turn + i * math.pi / 4), ring * math.sin(turn + i * math.pi / 4)) for i in range(8)]
    for x, y in spots:
        s.oval(x, cy + y, petal, petal, tone.dark)
    for x, y in spots:
        s.oval(x * 0.97, cy + y * 0.97 + 0.008, petal * 0.84, petal * 0.84, tone.base, body=False)
    s.oval(0.0, cy, 0.22, 0.22, tone.base)
    centre, dots = ((150, 84, 30), (110, 58, 20)) if tone.base[0] > 240 and tone.base[2] < 60 else ((255, 206, 50),
                                                                                                    (226, 150, 24))
    s.oval(0.0, cy, 0.155, 0.155, dots, body=False)
    s.oval(-0.01, cy + 0.01, 0.125, 0.125, centre, body=False)
    return s


def sketch_mushroom(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A spotted dome on a thick pale stalk."""
    s = Sketch()
    s.curve([(-0.15, 0.50), (-0.15, 0.2), (-0.21, 0.04), (0.0, 0.0), (0.21, 0.04), (0.15, 0.2), (0.15, 0.50)], CREAM)
    s.curve([(0.04, 0.45), (0.06, 0.2), (0.06, 0.02), (0.20, 0.05), (0.14, 0.2),
             (0.14, 0.45)], (226, 206, 174), body=False)
    top = 0.93 * rng.uniform(0.95, 1.05)
    s.curve([(-0.52, 0.40), (-0.47, 0.62), (-0.28, top - 0.10), (0.0, top), (0.28, top - 0.10), (0.47, 0.62),
             (0.52, 0.40),
             (0.30, 0.345), (0.0, 0.33), (-0.30, 0.345)], tone.base)
    s.curve([(-0.50, 0.405), (-0.25, 0.43), (0.0, 0.435), (0.25, 0.43), (0.50, 0.405), (0.30, 0.35), (0.0, 0.335),
             (-0.30, 0.35)], tone.deep, body=False)
    for x, y, rx, ry in ((-0.02, 0.76, 0.10, 0.085), (-0.29, 0.60, 0.08, 0.075), (0.25, 0.63, 0.085, 0.075),
                         (0.01, 0.53, 0.06, 0.045),
                         (0.40, 0.49, 0.045, 0.045), (-0.43, 0.47, 0.035, 0.035)):
        s.oval(x, y, rx, ry, tone.trim, body=False)
    return s


def sketch_apple(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A round two-lobed fruit with a dimple, a stalk and a leaf."""
    s = Sketch()
    s.stroke([(0.0, 0.80), (0.02, 0.92), (0.07, 1.04)], 0.06, WOOD, body=True)
    s.curve([(0.05, 0.88), (0.16, 1.02), (0.40, 1.04), (0.30, 0.90)], LEAF)
    s.stroke([(0.08, 0.90), (0.32, 1.00)], 0.018, LEAF_DARK)
    w = rng.uniform(0.96, 1.04)
    s.curve([(0.0, 0.80), (-0.20 * w, 0.87), (-0.43 * w, 0.76), (-0.49 * w, 0.50), (-0.38 * w, 0.18),
             (-0.17 * w, 0.0), (0.0, 0.045),
             (0.17 * w, 0.0), (0.38 * w, 0.18), (0.49 * w, 0.50), (0.43 * w, 0.76), (0.20 * w, 0.87)], tone.base)
    s.curve([(0.28 * w, 0.14), (0.40 * w, 0.40), (0.36 * w, 0.72), (0.44 * w, 0.70), (0.47 * w, 0.48),
             (0.37 * w, 0.20), (0.18, 0.03)], tone.dark, body=False)
    s.curve([(-0.12, 0.80), (0.0, 0.83), (0.12, 0.80), (0.0, 0.72)], tone.deep, body=False)
    s.curve([(-0.36 * w, 0.62), (-0.27 * w, 0.74), (-0.20 * w, 0.72),
             (-0.31 * w, 0.48)], (255, 255, 255, 170), body=False)
    return s
