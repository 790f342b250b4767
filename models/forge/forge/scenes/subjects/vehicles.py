"""Boat, car, hot-air balloon and rocket."""

from __future__ import annotations

from random import Random

from ..palette import GLASS, INK, LAMP, WHITE, WOOD, WOOD_DARK, Light, Tones
from .sketch import Sketch


def sketch_boat(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A sailing boat: hull and mainsail in the colour, a pale jib, a pennant."""
    s = Sketch()
    top = 1.10 * rng.uniform(0.95, 1.05)
    s.box(-0.045, 0.2, 0.0, top + 0.03, WOOD)
    s.polygon([(0.03, 0.36), (0.03, top - 0.03), (0.22, top * 0.66), (0.44, 0.36)], tone.base)
    s.polygon([(0.24, 0.36), (0.20, top * 0.68), (0.30, top * 0.55), (0.44, 0.36)], tone.dark, body=False)
    s.polygon([(-0.08, 0.36), (-0.08, top * 0.86), (-0.24, top * 0.60), (-0.42, 0.36)], (236, 238, 244))
    s.polygon([(-0.04, top + 0.02), (-0.20, top - 0.03), (-0.04, top - 0.08)], tone.accent)
    s.polygon([(-0.56, 0.28), (0.58, 0.28), (0.50, 0.12), (0.38, 0.0), (-0.36, 0.0), (-0.48, 0.12)], tone.base)
    s.polygon([(-0.47, 0.13), (0.51, 0.13), (0.38, 0.0), (-0.36, 0.0)], tone.dark, body=False)
    s.polygon([(-0.56, 0.28), (0.58, 0.28), (0.55, 0.22), (-0.53, 0.22)], tone.trim, body=False)
    return s


def sketch_car(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A rounded car from its side, its lamp in front (left)."""
    s = Sketch()
    roof = 0.56 * rng.uniform(0.96, 1.06)
    s.polygon([(-0.36, 0.32), (-0.20, roof - 0.02), (-0.15, roof), (0.20, roof), (0.26, roof - 0.03),
               (0.46, 0.32)], tone.base)
    s.curve([(-0.64, 0.12), (-0.64, 0.24), (-0.58, 0.31), (-0.38, 0.35), (0.0, 0.36), (0.42, 0.35), (0.60, 0.32),
             (0.65, 0.22),
             (0.64, 0.11), (0.0, 0.10)], tone.base)
    s.polygon([(-0.64, 0.17), (0.655, 0.17), (0.64, 0.105), (-0.64, 0.11)], tone.dark, body=False)
    s.polygon([(-0.27, 0.35), (-0.155, roof - 0.045), (-0.01, roof - 0.045), (-0.01, 0.35)], GLASS, body=False)
    s.polygon([(0.04, 0.35), (0.04, roof - 0.045), (0.19, roof - 0.045), (0.36, 0.35)], GLASS, body=False)
    s.polygon([(-0.20, 0.35), (-0.11, roof - 0.045), (-0.06, roof - 0.045),
               (-0.15, 0.35)], (255, 255, 255, 150), body=False)
    s.stroke([(0.015, 0.34), (0.015, 0.14)], 0.014, tone.deep)
    s.box(0.05, 0.27, 0.12, 0.29, tone.deep, body=False)
    s.oval(-0.59, 0.245, 0.045, 0.04, LAMP, body=False, glowing=True)
    s.oval(0.63, 0.245, 0.025, 0.04, (230, 60, 50), body=False)
    for x in (-0.37, 0.38):
        s.oval(x, 0.125, 0.150, 0.150, INK)
        s.oval(x, 0.125, 0.078, 0.078, (206, 210, 218), body=False)
        s.oval(x, 0.125, 0.030, 0.030, (110, 114, 122), body=False)
    return s


def sketch_balloon(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A big round envelope of vertical gores over a small basket on ropes."""
    s = Sketch()
    w = rng.uniform(0.96, 1.04)
    s.box(-0.13, 0.0, 0.13, 0.17, WOOD)
    s.box(-0.15, 0.14, 0.15, 0.19, WOOD_DARK)
    for x in (-0.12, 0.12):
        s.stroke([(x, 0.18), (x * 1.15, 0.34)], 0.022, WOOD_DARK, body=True)

    def gore(k: float):
        rim = [(0.14, 0.31), (0.33, 0.48), (0.46, 0.68), (0.50, 0.90), (0.43, 1.14), (0.26, 1.31)]
        right = [(x * w * k, y) for x, y in rim]
        return [*right, (0.0, 1.38), *[(-x, y) for x, y in reversed(right)]]

    s.curve(gore(1.0), tone.base)
    s.curve(gore(0.76), tone.light, body=False)
    s.curve(gore(0.46), tone.base, body=False)
    s.curve(gore(0.16), tone.light, body=False)
    s.polygon([(-0.40 * w, 0.57), (-0.33 * w, 0.48), (0.33 * w, 0.48), (0.40 * w, 0.57)], tone.deep, body=False)
    s.polygon([(-0.14 * w, 0.33), (0.14 * w, 0.33), (0.12 * w, 0.28), (-0.12 * w, 0.28)], tone.deep)
    return s


def sketch_rocket(tone: Tones, light: Light, rng: Random) -> Sketch:
    """An upright rocket with a pointed nose, a porthole, fins and a flame."""
    s = Sketch()
    k = rng.uniform(0.96, 1.05)
    s.polygon([(-0.13, 0.24), (-0.15, 0.12), (-0.07, 0.14), (0.0, 0.0), (0.07, 0.14), (0.15, 0.12),
               (0.13, 0.24)], (255, 140, 30), glowing=True)
    s.polygon([(-0.07, 0.24), (-0.06, 0.16), (0.0, 0.08), (0.06, 0.16),
               (0.07, 0.24)], (255, 232, 110), body=False, glowing=True)
    for side in (-1, 1):
        s.polygon([(side * 0.15 * k, 0.62), (side * 0.38 * k, 0.38), (side * 0.40 * k, 0.16),
                   (side * 0.16 * k, 0.30)], tone.deep)
    s.curve([(-0.15 * k, 0.24), (-0.21 * k, 0.45), (-0.225 * k, 0.75), (-0.16 * k, 1.06), (0.0, 1.36),
             (0.16 * k, 1.06), (0.225 * k, 0.75),
             (0.21 * k, 0.45), (0.15 * k, 0.24), (0.0, 0.23)], tone.base)
    s.curve([(0.07, 0.26), (0.11, 0.5), (0.11, 0.8), (0.05, 1.12), (0.01, 1.32), (0.15 * k, 1.05), (0.21 * k, 0.75),
             (0.20 * k, 0.45), (0.14 * k, 0.26)],
            tone.dark, body=False)
    s.polygon([(-0.155 * k, 1.07), (-0.07 * k, 1.24), (0.0, 1.355), (0.07 * k, 1.24), (0.155 * k, 1.07),
               (0.0, 1.04)], tone.deep, body=False)
    s.oval(0.0, 0.82, 0.125, 0.125, WHITE, body=False)
    s.oval(0.0, 0.82, 0.090, 0.090, (70, 150, 214), body=False)
    s.oval(-0.025, 0.845, 0.040, 0.040, (200, 236, 252), body=False)
    s.box(-0.20 * k, 0.45, 0.20 * k, 0.50, tone.trim, body=False)
    s.polygon([(-0.03, 0.50), (0.03, 0.50), (0.03, 0.16), (0.0, 0.12), (-0.03, 0.16)], tone.deep, body=False)
    return s
