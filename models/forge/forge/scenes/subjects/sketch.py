"""A subject as a list of filled shapes in its own units, and how it lands on a canvas.

A sketch's x grows to the right and its y upwards; its scale is free, because it is fitted to the
wanted extent when it is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from ..canvas import Canvas, Point
from ..palette import RGB, Light

OUTLINE = 0.0055
"""Width of the outline around a silhouette, as a fraction of the picture."""


@dataclass(frozen=True)
class _Shape:
    form: str  # "polygon", "oval" or "stroke"
    points: tuple[Point, ...]
    width: float
    fill: tuple[int, ...]
    body: bool
    glowing: bool


@dataclass
class Sketch:
    """Shapes in drawing order. ``body`` shapes make the silhouette; others lie inside it.

    ``glowing`` shapes keep their colour at every time of day.
    """

    shapes: list[_Shape] = field(default_factory=list)

    def polygon(self, points: Sequence[Point], fill, body: bool = True, glowing: bool = False) -> None:
        self.shapes.append(_Shape("polygon", tuple(points), 0.0, fill, body, glowing))

    def box(self, x0: float, y0: float, x1: float, y1: float, fill, body: bool = True, glowing: bool = False) -> None:
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill, body, glowing)

    def curve(self, points: Sequence[Point], fill, body: bool = True, glowing: bool = False) -> None:
        """A smooth closed shape through the points (Catmull-Rom)."""
        self.polygon(_smooth(points), fill, body, glowing)

    def oval(self, cx: float, cy: float, rx: float, ry: float, fill, body: bool = True, glowing: bool = False) -> None:
        self.shapes.append(_Shape("oval", ((cx - rx, cy - ry), (cx + rx, cy + ry)), 0.0, fill, body, glowing))

    def stroke(self, points: Sequence[Point], width: float, fill, body: bool = False) -> None:
        """An open line of the given width with round ends."""
        self.shapes.append(_Shape("stroke", tuple(points), width, fill, body, False))

    def bounds(self) -> tuple[float, float, float, float]:
        """(x0, y0, x1, y1) of the silhouette, in the sketch's units."""
        xs, ys = [], []
        for shape in self.shapes:
            if shape.body:
                half = shape.width / 2.0
                xs += [x + d for x, _ in shape.points for d in (-half, half)]
                ys += [y + d for _, y in shape.points for d in (-half, half)]
        return min(xs), min(ys), max(xs), max(ys)

    def mirrored(self) -> Sketch:
        """The same sketch, left and right exchanged."""
        return Sketch([_Shape(s.form, tuple((-x, y) for x, y in s.points), s.width, s.fill, s.body, s.glowing)
                       for s in self.shapes])


_STEPS = np.arange(6)[:, None] / 6.0
# Catmull-Rom weights of the point before a stretch, its two ends and the point after, per step.
_WEIGHTS = 0.5 * (_STEPS ** np.arange(4)) @ np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])


def _smooth(points: Sequence[Point]) -> list[Point]:
    p = np.array([points[-1], *points, points[0], points[1]])
    stretches = np.stack((p[:-3], p[1:-2], p[2:-1], p[3:]), axis=1)
    return [tuple(q) for q in (_WEIGHTS @ stretches).reshape(-1, 2).tolist()]


# Shade that grows towards the lower right corner of a subject.
_axis = np.linspace(0.0, 1.0, 64)
_SHADE = Image.fromarray(
    (np.clip((0.65 * _axis[:, None] + 0.55 * _axis[None, :]) - 0.50, 0.0, 1.0) * 105.0).astype(np.uint8)
)


@dataclass(frozen=True)
class Placed:
    """Where a drawn sketch's silhouette lies on the canvas: its mask and the mask's corner, pixels."""

    mask: Image.Image
    corner: tuple[int, int]


class _Fit:
    """Maps sketch units to canvas pixels relative to a crop's corner."""

    def __init__(self, unit: float, x: float, y: float, n: int) -> None:
        self.unit, self.x, self.y, self.n = unit * n, x * n, y * n, n

    def points(self, shape: _Shape, dx: float, dy: float) -> list[Point]:
        return [(self.x + px * self.unit - dx, self.y - py * self.unit - dy) for px, py in shape.points]

    def draw(self, pen: ImageDraw.ImageDraw, shape: _Shape, fill, dx: float = 0.0, dy: float = 0.0) -> None:
        points = self.points(shape, dx, dy)
        if shape.form == "polygon":
            pen.polygon(points, fill=fill)
        elif shape.form == "oval":
            (ax, ay), (bx, by) = points
            pen.ellipse((min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)), fill=fill)
        else:
            width = max(1, round(shape.width * self.unit))
            pen.line(points, fill=fill, width=width)
            half = width / 2.0
            if half >= 1.5:
                for px, py in points:
                    pen.ellipse((px - half, py - half, px + half, py + half), fill=fill)


def place(canvas: Canvas, sketch: Sketch, cx: float, bottom: float, extent: float, outline: RGB,
          light: Light) -> Placed:
    """Draws the sketch, its larger dimension ``extent`` with the outline, and returns its silhouette.

    ``cx`` is its centre's x and ``bottom`` its lowest y, both relative to the picture.
    """
    n = canvas.pixels
    x0, y0, x1, y1 = sketch.bounds()
    unit = (extent - 2.0 * OUTLINE) / max(x1 - x0, y1 - y0)
    fit = _Fit(unit, cx - unit * (x0 + x1) / 2.0, bottom - OUTLINE + unit * y0, n)
    edge = round(OUTLINE * n)
    pad = 2 * edge + 2
    left, right = int(fit.x + x0 * fit.unit) - pad, int(fit.x + x1 * fit.unit) + pad
    top, low = int(fit.y - y1 * fit.unit) - pad, int(fit.y - y0 * fit.unit) + pad
    body = Image.new("L", (right - left, low - top), 0)
    body_pen = ImageDraw.Draw(body)
    for shape in sketch.shapes:
        if shape.body:
            fit.draw(body_pen, shape, 255, left, top)
    rim = body.filter(ImageFilter.BoxBlur(edge)).point(_RIM)
    canvas.image.paste(outline, (left, top), rim)
    for shape in sketch.shapes:
        fill = shape.fill if shape.glowing else (*light.subject(shape.fill[:3]), *shape.fill[3:])
        fit.draw(canvas.pen, shape, fill)
    shade = ImageChops.multiply(body, _SHADE.resize(body.size, Image.Resampling.BILINEAR))
    canvas.image.paste((24, 10, 60), (left, top), shade)
    return Placed(rim, (left, top))


# The blurred silhouette counts as outline from a small coverage on, which widens it.
_RIM = [min(255, max(0, (value - 8) * 12)) for value in range(256)]
