"""Colours: named tones for subjects, skies, and how the time of day tints them.

Colours are (red, green, blue) tuples of ints from 0 to 255.
"""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[int, int, int]

NAMED: dict[str, RGB] = {
    "red": (226, 42, 40),
    "orange": (255, 136, 14),
    "yellow": (255, 218, 36),
    "green": (38, 160, 66),
    "blue": (38, 102, 230),
    "purple": (128, 58, 200),
    "pink": (255, 128, 188),
    "brown": (128, 76, 40),
    "black": (38, 38, 46),
    "white": (250, 250, 252),
    "grey": (148, 152, 160),
}

WHITE: RGB = (255, 255, 255)
INK: RGB = (36, 32, 44)
WOOD: RGB = (112, 70, 42)
WOOD_DARK: RGB = (80, 50, 34)
CREAM: RGB = (250, 238, 214)
GLASS: RGB = (170, 220, 246)
LAMP: RGB = (255, 226, 120)
LEAF: RGB = (60, 150, 66)
LEAF_DARK: RGB = (38, 112, 52)


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """The colour that is ``share`` (0 to 1) of the way from the first to the second."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second))


def scale(colour: RGB, factors: tuple[float, float, float], add: RGB = (0, 0, 0)) -> RGB:
    """The colour times the factors plus ``add``, clipped to 0..255."""
    return tuple(min(255, max(0, round(c * f + a))) for c, f, a in zip(colour, factors, add))


@dataclass(frozen=True)
class Tones:
    """Shades of one named colour, plus a colour for accents that must differ from it."""

    base: RGB
    light: RGB
    dark: RGB
    deep: RGB
    accent: RGB
    trim: RGB


# Plainly darkened, these turn brown, which is another colour's name: (dark, deep).
_WARM_SHADES: dict[str, tuple[RGB, RGB]] = {
    "red": ((201, 29, 32), (163, 19, 28)),
    "orange": ((232, 106, 8), (186, 70, 10)),
    "yellow": ((230, 196, 26), (190, 150, 20)),
}


def _tones(name: str, base: RGB) -> Tones:
    accent = (38, 102, 230) if name in ("red", "orange", "pink", "brown") else (226, 42, 40)
    if name == "white":
        return Tones(base, WHITE, (212, 218, 230), (168, 176, 196), accent, (216, 221, 232))
    if name == "black":
        return Tones(base, (84, 84, 98), (24, 24, 30), (14, 14, 18), accent, (228, 228, 234))
    if name == "grey":
        return Tones(base, (184, 188, 196), (116, 120, 128), (84, 88, 96), accent, WHITE)
    light = mix(base, WHITE, 0.30)
    if name in _WARM_SHADES:
        dark, deep = _WARM_SHADES[name]
        return Tones(base, light, dark, deep, accent, WHITE)
    return Tones(base, light, scale(base, (0.78, 0.76, 0.80)), scale(base, (0.54, 0.52, 0.58)), accent, WHITE)


TONES: dict[str, Tones] = {name: _tones(name, base) for name, base in NAMED.items()}


@dataclass(frozen=True)
class Light:
    """How a time of day colours the sky, the land and the subjects."""

    time: str
    sky: tuple[RGB, RGB, RGB]
    land_factors: tuple[float, float, float]
    land_add: RGB
    subject_factors: tuple[float, float, float]
    cloud: RGB
    haze: RGB

    @property
    def is_night(self) -> bool:
        return self.time == "night"

    def land(self, colour: RGB) -> RGB:
        """A daylight colour of the place as it looks now."""
        return scale(colour, self.land_factors, self.land_add)

    def snow(self, colour: RGB) -> RGB:
        """As ``land``, but brighter: snow throws back what little light there is."""
        return mix(self.land(colour), colour, 0.24)

    def subject(self, colour: RGB) -> RGB:
        """A subject's daylight colour as it looks now: tinted lightly, so that it keeps its name."""
        return scale(colour, self.subject_factors)


LIGHTS: dict[str, Light] = {
    "dawn": Light("dawn", ((134, 160, 228), (250, 190, 212), (255, 236, 200)), (0.92, 0.85, 0.85),
                  (24, 14, 24), (1.0, 0.97, 0.97), (255, 226, 232), (255, 214, 214)),
    "day": Light("day", ((52, 138, 234), (126, 194, 250), (216, 240, 253)), (1.0, 1.0, 1.0),
                 (0, 0, 0), (1.0, 1.0, 1.0), (255, 255, 255), (206, 230, 248)),
    "sunset": Light("sunset", ((70, 42, 128), (232, 84, 88), (255, 184, 70)), (0.86, 0.66, 0.62),
                    (26, 4, 8), (1.0, 0.96, 0.94), (255, 172, 140), (240, 130, 90)),
    "night": Light("night", ((6, 8, 34), (16, 24, 72), (44, 58, 122)), (0.42, 0.46, 0.62),
                   (0, 4, 24), (0.95, 0.95, 1.0), (84, 96, 150), (40, 54, 112)),
}
