"""The eight places, each a function that paints everything below the sky."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ..canvas import Canvas
from ..palette import Light
from .open_land import draw_desert, draw_meadow, draw_sea, draw_snow
from .tall_land import draw_city, draw_forest, draw_mountains, draw_snowy_mountains

DRAW_PLACE: dict[str, Callable[[Canvas, Light, float, Random], None]] = {
    "sea": draw_sea,
    "desert": draw_desert,
    "meadow": draw_meadow,
    "snow": draw_snow,
    "mountains": draw_mountains,
    "snowy mountains": draw_snowy_mountains,
    "city": draw_city,
    "forest": draw_forest,
}
"""Painters by place: canvas, light, horizon (0 to 1 from the top) and the details' randomness."""
