"""A square RGB picture drawn in relative units: x and y from 0 (left, top) to 1 (right, bottom)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .palette import RGB

Point = tuple[float, float]


def _make_glow() -> Image.Image:
    axis = (np.arange(128) + 0.5) / 64.0 - 1.0
    distance = np.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    return Image.fromarray((np.clip(1.0 - distance, 0.0, 1.0) ** 1.6 * 255.0).astype(np.uint8))


_GLOW = _make_glow()


class Canvas:
    """``pixels`` x ``pixels`` RGB; every method takes relative units. Alpha is 0..255."""

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels
        self.image = Image.new("RGB", (pixels, pixels))
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def gradient(self, stops: Sequence[RGB], y0: float, y1: float) -> None:
        """Fills the band from y0 to y1 with evenly spaced colour stops."""
        top, bottom = round(y0 * self.pixels), round(y1 * self.pixels)
        self.image.paste(self._column(stops, bottom - top), (0, top))

    def layer(self, profile: Sequence[Point], top: RGB, bottom: RGB, floor: float = 1.0) -> None:
        """Fills from the profile (left to right) down to ``floor`` with a vertical gradient."""
        n = self.pixels
        y0 = max(0, int(min(y for _, y in profile) * n))
        y1 = round(floor * n)
        band = self._column((top, bottom), y1 - y0)
        # Only the rows that the profile crosses need the slower paste through a mask.
        solid = min(y1, int(max(y for _, y in profile) * n) + 1) - y0
        mask = Image.new("L", (n, solid), 0)
        points = [(x * n, y * n - y0) for x, y in profile]
        ImageDraw.Draw(mask).polygon([*points, (n, y1 - y0), (0, y1 - y0)], fill=255)
        self.image.paste(band.crop((0, 0, n, solid)), (0, y0), mask)
        self.image.paste(band.crop((0, solid, n, y1 - y0)), (0, y0 + solid))

    def polygon(self, points: Sequence[Point], fill: tuple[int, ...]) -> None:
        n = self.pixels
        self.pen.polygon([(x * n, y * n) for x, y in points], fill=fill)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, fill: tuple[int, ...]) -> None:
        n = self.pixels
        # Pillow's far edge is inclusive.
        self.pen.rectangle((x0 * n, y0 * n, max(x0 * n, x1 * n - 1), max(y0 * n, y1 * n - 1)), fill=fill)

    def oval(self, cx: float, cy: float, rx: float, ry: float, fill: tuple[int, ...]) -> None:
        n = self.pixels
        self.pen.ellipse(((cx - rx) * n, (cy - ry) * n, (cx + rx) * n, (cy + ry) * n), fill=fill)

    def line(self, points: Sequence[Point], width: float, fill: tuple[int, ...]) -> None:
        n = self.pixels
        self.pen.line([(x * n, y * n) for x, y in points], fill=fill, width=max(1, round(width * n)))

    def glow(self, cx: float, cy: float, rx: float, ry: float, colour: RGB, alpha: int) -> None:
        """A soft oval, strongest in its centre: light around the sun, or a shadow."""
        n = self.pixels
        size = (max(2, round(2 * rx * n)), max(2, round(2 * ry * n)))
        mask = _GLOW.resize(size, Image.Resampling.BILINEAR)
        if alpha < 255:
            mask = mask.point([value * alpha // 255 for value in range(256)])
        self.image.paste(colour, (round((cx - rx) * n), round((cy - ry) * n)), mask)

    def _column(self, stops: Sequence[RGB], height: int) -> Image.Image:
        place = np.arange(height) * ((len(stops) - 1.0) / max(1, height - 1))
        at = np.arange(len(stops))
        column = np.empty((height, 1, 3), dtype=np.uint8)
        for channel in range(3):
            column[:, 0, channel] = np.interp(place, at, [stop[channel] for stop in stops]) + 0.5
        return Image.fromarray(column).resize((self.pixels, height), Image.Resampling.NEAREST)
