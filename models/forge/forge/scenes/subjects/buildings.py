"""House, lighthouse and tent."""

from __future__ import annotations

from random import Random

from ..palette import CREAM, GLASS, INK, LAMP, WHITE, WOOD, WOOD_DARK, Light, Tones, mix
from .sketch import Sketch


def _window_colour(light: Light):
    return LAMP if light.is_night or light.time == "sunset" else GLASS


def sketch_house(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A gabled front with a door between two windows and a chimney."""
    s = Sketch()
    h = 0.50 * rng.uniform(0.95, 1.05)
    top = h + 0.46 * rng.uniform(0.93, 1.07)
    s.box(0.24, h + 0.05, 0.37, top - 0.02, tone.dark)
    s.box(0.22, top - 0.06, 0.39, top + 0.01, tone.deep)
    s.polygon([(-0.45, 0.0), (0.45, 0.0), (0.45, h), (0.0, top - 0.04), (-0.45, h)], tone.base)
    s.box(-0.45, 0.0, 0.45, 0.06, tone.dark, body=False)
    s.polygon([(-0.60, h - 0.06), (-0.53, h - 0.13), (0.0, top - 0.14), (0.53, h - 0.13), (0.60, h - 0.06),
               (0.0, top)], tone.deep)
    window = _window_colour(light)
    for x in (-0.28, 0.28):
        s.box(x - 0.115, h * 0.34, x + 0.115, h * 0.86, WHITE, body=False)
        s.box(x - 0.09, h * 0.39, x + 0.09, h * 0.81, window, body=False, glowing=True)
        s.box(x - 0.012, h * 0.39, x + 0.012, h * 0.81, WHITE, body=False)
        s.box(x - 0.09, h * 0.585, x + 0.09, h * 0.63, WHITE, body=False)
    s.box(-0.115, 0.0, 0.115, h * 0.72, WHITE, body=False)
    s.box(-0.09, 0.0, 0.09, h * 0.68, WOOD, body=False)
    s.oval(0.055, h * 0.33, 0.018, 0.018, LAMP, body=False)
    s.oval(0.0, h + 0.10, 0.085, 0.085, WHITE, body=False)
    s.oval(0.0, h + 0.10, 0.062, 0.062, window, body=False, glowing=True)
    return s


def sketch_lighthouse(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A tall tapering tower with two bands, a gallery, a lit lamp and a domed roof."""
    s = Sketch()
    w = 0.22 * rng.uniform(0.94, 1.06)

    def half(y: float) -> float:
        return w * (1.0 - 0.36 * y)

    s.curve([(-0.36, 0.0), (-0.30, 0.10), (-0.14, 0.13), (0.08, 0.12), (0.28, 0.11), (0.37, 0.0),
             (0.0, -0.02)], (122, 120, 128))
    s.curve([(-0.30, 0.02), (-0.25, 0.08), (-0.12, 0.10), (-0.05, 0.03)], (156, 154, 160), body=False)
    s.polygon([(-half(0), 0.06), (half(0), 0.06), (half(1), 1.0), (-half(1), 1.0)], tone.base)
    for low, high in ((0.30, 0.44), (0.66, 0.80)):
        s.polygon([(-half(low), low), (half(low), low), (half(high), high), (-half(high), high)], tone.trim, body=False)
    s.polygon([(half(0) * 0.45, 0.06), (half(0), 0.06), (half(1), 1.0),
               (half(1) * 0.45, 1.0)], (20, 10, 50, 46), body=False)
    s.box(-0.055, 0.06, 0.055, 0.20, WOOD_DARK, body=False)
    s.oval(0.0, 0.20, 0.055, 0.05, WOOD_DARK, body=False)
    s.box(-0.03, 0.52, 0.03, 0.60, INK, body=False)
    s.box(-0.22, 0.99, 0.22, 1.04, tone.deep)
    s.box(-0.12, 1.04, 0.12, 1.20, LAMP, glowing=True)
    s.box(-0.045, 1.04, 0.045, 1.20, (255, 250, 214), body=False, glowing=True)
    s.polygon([(-0.17, 1.19), (0.17, 1.19), (0.11, 1.28), (0.0, 1.36), (-0.11, 1.28)], tone.dark)
    s.oval(0.0, 1.37, 0.03, 0.03, tone.deep)
    return s


def sketch_tent(tone: Tones, light: Light, rng: Random) -> Sketch:
    """A ridge tent: an open front, one slope running back, pegs and ropes."""
    s = Sketch()
    h = 0.74 * rng.uniform(0.94, 1.06)
    back = 0.44
    s.stroke([(-0.16, h), (-0.66, 0.0)], 0.022, CREAM, body=True)
    s.polygon([(-0.16, h), (back, h * 0.90), (0.74, 0.03), (0.34, 0.0)], mix(tone.base, tone.dark, 0.7))
    s.polygon([(-0.60, 0.0), (-0.16, h), (0.34, 0.0)], tone.base)
    s.polygon([(0.08, h * 0.955), (0.16, h * 0.945), (0.55, 0.015), (0.46, 0.01)], tone.deep, body=False)
    s.polygon([(-0.36, 0.0), (-0.16, h * 0.70), (0.08, 0.0)], (58, 42, 48), body=False)
    s.polygon([(-0.36, 0.0), (-0.16, h * 0.70), (-0.20, 0.0)], tone.light, body=False)
    s.polygon([(0.02, 0.0), (-0.16, h * 0.70), (0.10, 0.0)], tone.light, body=False)
    s.stroke([(-0.16, h - 0.02), (-0.16, h + 0.07)], 0.03, WOOD, body=True)
    s.polygon([(-0.15, h + 0.08), (0.03, h + 0.03), (-0.15, h - 0.01)], tone.light)
    return s
