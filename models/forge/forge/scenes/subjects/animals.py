"""Cat, dog, fish and bird. The last three face left before any mirroring."""

from __future__ import annotations

from random import Random

from ..palette import INK, WHITE, Light, Tones
from .sketch import Sketch


def sketch_cat(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A cat sitting and looking at the viewer, pointed ears, tail curled up beside it."""
    s = Sketch()
    k = rng.uniform(0.96, 1.05)
    s.stroke([(0.16, 0.08), (0.34, 0.08), (0.45, 0.18), (0.46, 0.34), (0.40, 0.46),
              (0.44, 0.56)], 0.10, tone.dark, body=True)
    s.curve([(-0.26 * k, 0.0), (-0.30 * k, 0.18), (-0.20, 0.45), (0.0, 0.60), (0.20, 0.45), (0.30 * k, 0.18),
             (0.26 * k, 0.0), (0.0, -0.02)], tone.base)
    s.curve([(-0.12, 0.16), (-0.11, 0.40), (0.0, 0.48), (0.11, 0.40), (0.12, 0.16),
             (0.0, 0.08)], tone.light, body=False)
    for side in (-1, 1):
        s.oval(side * 0.13, 0.05, 0.10, 0.065, tone.light if side < 0 else tone.light)
        s.stroke([(side * 0.13, 0.02), (side * 0.13, 0.06)], 0.014, tone.deep)
        s.polygon([(side * 0.30, 0.74), (side * 0.29, 1.08), (side * 0.05, 0.92)], tone.base)
        s.polygon([(side * 0.255, 0.82), (side * 0.255, 1.00), (side * 0.12, 0.91)], (244, 158, 170), body=False)
    s.curve([(-0.34, 0.66), (-0.28, 0.84), (0.0, 0.93), (0.28, 0.84), (0.34, 0.66), (0.22, 0.51), (0.0, 0.46),
             (-0.22, 0.51)], tone.base)
    for x in (-0.06, 0.0, 0.06):
        s.stroke([(x, 0.91), (x * 0.8, 0.83)], 0.022, tone.deep)
    s.oval(0.0, 0.575, 0.12, 0.075, tone.light, body=False)
    for side in (-1, 1):
        s.oval(side * 0.145, 0.70, 0.072, 0.080, INK, body=False)
        s.oval(side * 0.145, 0.70, 0.058, 0.066, (190, 226, 90), body=False)
        s.oval(side * 0.145, 0.70, 0.022, 0.060, INK, body=False)
        s.oval(side * 0.145 - 0.02, 0.725, 0.016, 0.016, WHITE, body=False)
        for y in (0.61, 0.565):
            s.stroke([(side * 0.14, 0.585), (side * 0.40, y)], 0.010, tone.deep)
    s.polygon([(-0.038, 0.635), (0.038, 0.635), (0.0, 0.595)], (236, 110, 130), body=False)
    s.stroke([(-0.075, 0.565), (-0.04, 0.545), (0.0, 0.565), (0.04, 0.545), (0.075, 0.565)], 0.013, INK)
    return s


def sketch_dog(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A dog standing in profile, a long snout in front, a hanging ear, tail up."""
    s = Sketch()
    k = rng.uniform(0.97, 1.04)
    s.stroke([(0.42, 0.50), (0.56, 0.64), (0.60, 0.82)], 0.085, tone.base, body=True)
    for x in (-0.16, 0.30):
        s.box(x, 0.02, x + 0.115, 0.35, tone.deep)
    s.curve([(-0.32, 0.56), (-0.10, 0.57), (0.25, 0.56), (0.46, 0.54), (0.52, 0.38), (0.42, 0.26), (0.10, 0.24),
             (-0.24, 0.25), (-0.36, 0.38)], tone.base)
    for x in (-0.32, 0.38):
        s.box(x, 0.0, x + 0.125, 0.36, tone.base)
        s.oval(x + 0.045, 0.03, 0.095, 0.04, tone.light)
    s.curve([(-0.38, 0.42), (-0.42, 0.66), (-0.30, 0.80), (-0.12, 0.62), (-0.14, 0.42)], tone.base)
    s.oval(0.20, 0.44, 0.15, 0.10, tone.dark, body=False)
    s.curve([(-0.56, 0.92), (-0.36, 0.99 * k), (-0.18, 0.90), (-0.15, 0.74), (-0.30, 0.63), (-0.50, 0.62),
             (-0.76, 0.64), (-0.80, 0.74), (-0.72, 0.80),
             (-0.60, 0.83)], tone.base)
    s.curve([(-0.74, 0.74), (-0.56, 0.74), (-0.46, 0.66), (-0.56, 0.635), (-0.75, 0.65),
             (-0.79, 0.69)], tone.light, body=False)
    s.oval(-0.785, 0.765, 0.055, 0.048, INK)
    s.stroke([(-0.76, 0.675), (-0.64, 0.665), (-0.56, 0.69)], 0.014, INK)
    s.curve([(-0.30, 0.95), (-0.20, 0.93), (-0.08, 0.76), (-0.08, 0.58), (-0.18, 0.54), (-0.26, 0.66)], tone.deep)
    s.oval(-0.47, 0.83, 0.045, 0.05, WHITE, body=False)
    s.oval(-0.48, 0.83, 0.032, 0.038, INK, body=False)
    s.stroke([(-0.42, 0.60), (-0.28, 0.56), (-0.15, 0.57)], 0.055, tone.accent)
    s.oval(-0.31, 0.52, 0.035, 0.035, (255, 214, 70), body=False)
    return s


def sketch_fish(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A plump fish in profile with a forked tail, fins, scales and a round eye."""
    s = Sketch()
    k = rng.uniform(0.95, 1.05)
    s.curve([(0.34, 0.36), (0.56, 0.58), (0.72, 0.62), (0.64, 0.36), (0.72, 0.10), (0.56, 0.14)], tone.dark)
    for y in (0.26, 0.36, 0.46):
        s.stroke([(0.48, 0.36 + (y - 0.36) * 0.5), (0.64, 0.36 + (y - 0.36) * 1.8)], 0.014, tone.deep)
    s.curve([(-0.18, 0.58), (0.0, 0.80), (0.24, 0.76), (0.26, 0.54)], tone.dark)
    s.curve([(-0.06, 0.14), (0.06, -0.02), (0.22, 0.0), (0.20, 0.18)], tone.dark)
    s.curve([(-0.62, 0.36), (-0.44, 0.58 * k), (-0.10, 0.68 * k), (0.24, 0.58), (0.46, 0.38), (0.46, 0.34),
             (0.24, 0.16), (-0.10, 0.06), (-0.44, 0.15)], tone.base)
    s.curve([(-0.56, 0.27), (-0.20, 0.22), (0.20, 0.24), (0.42, 0.33), (0.22, 0.17), (-0.10, 0.075),
             (-0.42, 0.16)], tone.light, body=False)
    s.stroke([(-0.26, 0.58), (-0.20, 0.38), (-0.26, 0.18)], 0.020, tone.deep)
    for x, y in ((-0.06, 0.48), (0.12, 0.46), (0.03, 0.34), (0.20, 0.34), (-0.08, 0.24), (0.12, 0.24)):
        s.stroke([(x, y + 0.045), (x + 0.035, y), (x, y - 0.045)], 0.016, tone.dark)
    s.oval(-0.41, 0.43, 0.082, 0.082, WHITE, body=False)
    s.oval(-0.42, 0.43, 0.050, 0.050, INK, body=False)
    s.oval(-0.44, 0.45, 0.018, 0.018, WHITE, body=False)
    s.stroke([(-0.60, 0.31), (-0.53, 0.28), (-0.48, 0.29)], 0.018, tone.deep)
    return s


def sketch_bird(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A bird in flight in profile, both wings raised, a pointed beak and a fanned tail."""
    s = Sketch()
    k = rng.uniform(0.95, 1.05)
    s.curve([(-0.06, 0.38), (-0.16, 0.66), (-0.22, 0.92 * k), (0.02, 0.80), (0.14, 0.44)], tone.deep)
    s.polygon([(0.26, 0.34), (0.62, 0.46), (0.56, 0.34), (0.66, 0.28), (0.56, 0.22), (0.58, 0.12),
               (0.26, 0.20)], tone.dark)
    s.curve([(-0.50, 0.44), (-0.36, 0.55), (-0.20, 0.46), (0.10, 0.42), (0.36, 0.30), (0.30, 0.17), (0.02, 0.08),
             (-0.26, 0.12), (-0.44, 0.28)], tone.base)
    s.curve([(-0.40, 0.28), (-0.16, 0.26), (0.10, 0.20), (0.20, 0.15), (0.0, 0.09),
             (-0.25, 0.13)], tone.light, body=False)
    beak = (255, 170, 30) if tone.base != (255, 136, 14) else (255, 222, 60)
    s.polygon([(-0.475, 0.46), (-0.66, 0.38), (-0.47, 0.33)], beak)
    s.curve([(-0.14, 0.34), (-0.02, 0.64), (0.14, 0.90), (0.40, 1.02 * k), (0.42, 0.80), (0.30, 0.48), (0.16, 0.26),
             (0.0, 0.24)], tone.base)
    s.curve([(0.26, 0.44), (0.24, 0.62), (0.34, 0.90), (0.39, 0.98 * k), (0.41, 0.80),
             (0.30, 0.48)], tone.dark, body=False)
    s.stroke([(0.04, 0.40), (0.20, 0.72)], 0.022, tone.deep)
    s.stroke([(0.12, 0.36), (0.28, 0.66)], 0.022, tone.deep)
    s.oval(-0.37, 0.435, 0.052, 0.052, WHITE, body=False)
    s.oval(-0.38, 0.435, 0.034, 0.034, INK, body=False)
    return s
