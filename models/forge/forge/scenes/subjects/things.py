"""Star, heart, ball and snowman."""

from __future__ import annotations

import math
from random import Random

from ..palette import INK, WOOD_DARK, Light, Tones
from .sketch import Sketch


def sketch_star(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A five-pointed star, each point with a lit and a shaded facet."""
    s = Sketch()
    inner = 0.225 * rng.uniform(0.95, 1.06)
    tips = [(0.5 * math.sin(i * math.tau / 5), 0.5 * math.cos(i * math.tau / 5)) for i in range(5)]
    dents = [(inner * math.sin((i + 0.5) * math.tau / 5), inner * math.cos((i + 0.5) * math.tau / 5)) for i in range(5)]
    s.polygon([point for pair in zip(tips, dents) for point in pair], tone.base)
    for i in range(5):
        s.polygon([(0.0, 0.0), tips[i], dents[i]], tone.dark, body=False)
        s.polygon([(0.0, 0.0), tips[i], dents[i - 1]], tone.base, body=False)
    s.polygon([(0.0, 0.0), tips[0], dents[4]], tone.light, body=False)
    s.polygon([(0.0, 0.0), tips[4], dents[4]], tone.light, body=False)
    return s


def sketch_heart(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A heart with a gleam."""
    s = Sketch()
    k = rng.uniform(0.96, 1.04)
    outline = []
    for i in range(40):
        t = math.tau * i / 40
        outline.append((0.5 * k * math.sin(t) ** 3,
                        (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 32))
    s.polygon(outline, tone.base)
    s.curve([(0.40 * k, 0.16), (0.30 * k, -0.04), (0.04, -0.38), (0.05, -0.42), (0.22, -0.23), (0.38 * k, -0.01),
             (0.455 * k, 0.16), (0.44 * k, 0.26)], tone.dark, body=False)
    s.curve([(-0.40 * k, 0.16), (-0.34 * k, 0.30), (-0.22 * k, 0.33), (-0.28 * k, 0.24),
             (-0.33 * k, 0.08)], (255, 255, 255, 190), body=False)
    return s


def sketch_ball(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A beach ball of curved panels, in the colour and pale in turns, around a button."""
    s = Sketch()
    s.oval(0.0, 0.0, 0.5, 0.5, tone.base)
    px, py = 0.10, 0.16
    turn = rng.uniform(-0.2, 0.2)
    for i in (0, 2, 4):
        a0, a1 = turn + i * math.tau / 6, turn + (i + 0.72) * math.tau / 6
        rim = [(0.5 * math.cos(a0 + (a1 - a0) * j / 8), 0.5 * math.sin(a0 + (a1 - a0) * j / 8)) for j in range(9)]
        bend0 = _bulge((px, py), rim[0])
        bend1 = _bulge((px, py), rim[-1])
        s.polygon([(px, py), bend0, *rim, bend1], tone.trim, body=False)
    s.oval(px, py, 0.085, 0.075, tone.dark, body=False)
    s.oval(-0.22, 0.26, 0.09, 0.06, (255, 255, 255, 120), body=False)
    return s


def _bulge(start, end):
    """A point beside the middle of a seam, so that it looks wrapped around the ball."""
    mx, my = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    return mx - (end[1] - start[1]) * 0.16, my + (end[0] - start[0]) * 0.16


def sketch_snowman(tone: Tones, light: Light, rng: Random) -> Sketch:
    """Two balls with a face, a top hat, a scarf, buttons and stick arms."""
    s = Sketch()
    k = rng.uniform(0.96, 1.04)
    for side in (-1, 1):
        s.stroke([(side * 0.20, 0.48), (side * 0.50, 0.66)], 0.04, WOOD_DARK, body=True)
        s.stroke([(side * 0.41, 0.60), (side * 0.44, 0.72)], 0.03, WOOD_DARK, body=True)
    s.oval(0.0, 0.34, 0.37 * k, 0.35, tone.base)
    s.curve([(0.10, 0.03), (0.28, 0.20), (0.30, 0.45), (0.20, 0.62), (0.34, 0.48), (0.365, 0.30),
             (0.26, 0.09)], tone.dark, body=False)
    s.oval(0.0, 0.82, 0.255, 0.245, tone.base)
    s.curve([(0.10, 0.60), (0.20, 0.72), (0.20, 0.92), (0.24, 0.86), (0.25, 0.76), (0.18, 0.65)], tone.dark, body=False)
    s.box(-0.19, 1.03, 0.19, 1.32, (44, 44, 54))
    s.box(-0.19, 1.05, 0.19, 1.12, tone.accent, body=False)
    s.box(-0.29, 0.99, 0.29, 1.05, (30, 30, 38))
    for x in (-0.09, 0.09):
        s.oval(x, 0.89, 0.034, 0.040, INK, body=False)
        s.oval(x - 0.01, 0.90, 0.012, 0.012, (255, 255, 255), body=False)
    s.polygon([(0.0, 0.85), (0.0, 0.78), (-0.20, 0.79)], (255, 140, 30), body=False)
    for x, y in ((-0.08, 0.715), (0.0, 0.70), (0.08, 0.715)):
        s.oval(x, y, 0.017, 0.017, INK, body=False)
    s.stroke([(-0.20, 0.645), (0.0, 0.605), (0.20, 0.645)], 0.085, tone.accent, body=True)
    s.polygon([(0.06, 0.64), (0.15, 0.62), (0.18, 0.40), (0.08, 0.42)], tone.accent, body=False)
    for y in (0.50, 0.36, 0.22):
        s.oval(0.0, y, 0.032, 0.032, INK if tone.base[0] > 60 or tone.base[2] > 60 else (228, 228, 234), body=False)
    return s
