"""Draws a scene: the backdrop, then each thing with its shadow or waterline."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image

from .canvas import Canvas
from .layout import Spot, free_columns, place_things
from .palette import NAMED, RGB, TONES, Light, mix
from .places import DRAW_PLACE
from .scene import Scene
from .sky import draw_sky, draw_weather, light_for
from .subjects import sketch
from .subjects.sketch import Placed, place

SUPERSAMPLING = 2
CELL = 8
"""Side of a mask cell, in pixels of the drawing."""


@dataclass(frozen=True)
class Box:
    """The tight box of one drawn thing, fractions of the picture; ``subject`` indexes the scene's."""

    subject: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Drawing:
    """A drawn scene.

    ``pixels`` is (size, size, 3) uint8. ``boxes`` has one entry per thing, in drawing order.
    ``mask`` is (subjects, size // 8, size // 8) uint8: how much of each 8 x 8 cell the subject
    covers, 0 to 255.
    """

    pixels: np.ndarray
    boxes: tuple[Box, ...]
    mask: np.ndarray


def draw(scene: Scene, size: int = 512) -> Drawing:
    """Draws the scene, the same composition at every size.

    ``size`` is in pixels, a multiple of 64 from 64 to 1024; raises ValueError otherwise.
    """
    if isinstance(size, bool) or not isinstance(size, int) or size % 64 or not 64 <= size <= 1024:
        raise ValueError(f"size must be a multiple of 64 from 64 to 1024; given: {size!r}")
    canvas = Canvas(size * SUPERSAMPLING)
    # Separate streams: more randomness in one part must not change the others.
    layout, sky, land, things = (Random(scene.seed * 8 + part) for part in range(4))
    light = light_for(scene.time, scene.sky)
    horizon = 0.61 + layout.uniform(-0.02, 0.02)
    spots = place_things(scene, layout)
    draw_sky(canvas, light, scene.sky, scene.place, horizon, free_columns(spots), sky)
    DRAW_PLACE[scene.place](canvas, light, horizon, land)
    draw_weather(canvas, light, scene.sky, 1.0, sky)
    masks = [Image.new("L", (canvas.pixels, canvas.pixels), 0) for _ in scene.subjects]
    boxes = []
    for spot in spots:
        placed = _draw_thing(canvas, scene, spot, light, things)
        masks[spot.subject].paste(255, placed.corner, placed.mask)
        boxes.append(_box(spot.subject, placed, canvas.pixels))
    draw_weather(canvas, light, scene.sky, 0.12, sky)
    pixels = np.asarray(canvas.image.reduce(SUPERSAMPLING))
    cells = size // CELL
    mask = np.zeros((len(masks), cells, cells), dtype=np.uint8)
    for index, image in enumerate(masks):
        mask[index] = np.asarray(image.reduce(SUPERSAMPLING * CELL))
    return Drawing(pixels, tuple(boxes), mask)


def _box(subject: int, placed: Placed, pixels: int) -> Box:
    x0, y0, x1, y1 = placed.mask.point([0] * 128 + [255] * 128).getbbox()
    left, top = placed.corner
    edges = (left + x0, top + y0, left + x1, top + y1)
    return Box(subject, *(min(1.0, max(0.0, edge / pixels)) for edge in edges))


def _outline(colour: str, light: Light) -> RGB:
    """A thin rim that sets the colour off: dark by day, pale around dark colours at night."""
    if light.is_night and sum(NAMED[colour]) < 420:
        return mix(NAMED[colour], (206, 216, 250), 0.72)
    return light.subject(mix(TONES[colour].deep, (24, 16, 44), 0.62))


def _draw_thing(canvas: Canvas, scene: Scene, spot: Spot, light: Light, rng: Random) -> Placed:
    subject = scene.subjects[spot.subject]
    made = sketch(subject.kind, subject.colour, light, rng)
    x0, y0, x1, y1 = made.bounds()
    unit = spot.extent / max(x1 - x0, y1 - y0)
    width, height = unit * (x1 - x0), unit * (y1 - y0)
    outline = _outline(subject.colour, light)
    if spot.flying:
        return place(canvas, made, spot.x, spot.y + height / 2.0, spot.extent, outline, light)
    on_water = scene.place == "sea"
    shadow = light.land((4, 40, 92)) if on_water else mix(light.land((40, 40, 60)), (10, 10, 30), 0.5)
    canvas.glow(spot.x + width * 0.03, spot.y - 0.008, width * 0.66, max(0.022, width * 0.10), shadow, 235)
    placed = place(canvas, made, spot.x, spot.y, spot.extent, outline, light)
    if on_water:
        _waterline(canvas, light, spot, width)
    return placed


def _waterline(canvas: Canvas, light: Light, spot: Spot, width: float) -> None:
    """Small waves and foam that lap at the lowest part of a thing on the water."""
    water, foam = light.land((34, 116, 184)), light.land((236, 248, 255))
    y, half = spot.y, width * 0.60
    for index in range(5):
        x = spot.x + half * (index - 2) / 2.2
        canvas.oval(x, y + 0.004, half * 0.34, 0.012, (*water, 255))
    for dx, dy, share in ((-0.55, 0.004, 0.30), (0.1, 0.010, 0.42), (0.66, 0.003, 0.26)):
        canvas.oval(spot.x + dx * half, y + dy, half * share, 0.0032, (*foam, 215))
