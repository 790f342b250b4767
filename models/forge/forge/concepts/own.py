"""Sprites of the kinds that `scenes` draws and no emoji shows, so that an open vocabulary knows them too."""

from random import Random

import numpy as np
from PIL import Image

from forge.scenes.canvas import Canvas
from forge.scenes.palette import LIGHTS, TONES, mix
from forge.scenes.subjects import sketch
from forge.scenes.subjects.sketch import place

from .selection import ACTIVITIES, PLACES

SEED = 4
# kind of `scenes`: its names, group, colour of the sprite, flying
KINDS = {
    "hot-air balloon": (["hot-air balloon", "hot air balloon"], PLACES, "red", True),
    "lighthouse": (["lighthouse"], PLACES, "red", False),
    "ball": (["beach ball", "ball"], ACTIVITIES, "red", False)}


def picture(kind: str, side: int = 512) -> Image.Image:
    """(side, side) RGBA: how much a pixel changes with the ground behind it tells how clear it is."""
    colour = KINDS[kind][2]
    dark, bright = (np.asarray(_on(ground, kind, colour, side), np.float32) for ground in ((0, 0, 0), (255, 255, 255)))
    alpha = np.clip(1 - (bright - dark).mean(axis=2) / 255, 0, 1)
    rgb = np.where(alpha[..., None] > 0, dark / np.maximum(alpha[..., None], 1e-3), 0)
    return Image.fromarray(np.dstack([np.clip(rgb, 0, 255), alpha * 255]).round().astype(np.uint8), "RGBA")


def _on(ground: tuple[int, int, int], kind: str, colour: str, side: int) -> Image.Image:
    canvas, light = Canvas(side), LIGHTS["day"]
    canvas.gradient([ground, ground], 0.0, 1.0)
    place(canvas, sketch(kind, colour, light, Random(SEED)), 0.5, 0.95, 0.9, mix(TONES[colour].deep, (24, 16, 44), 0.62), light)
    return canvas.image
