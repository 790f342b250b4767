"""What the sky holds: sun, moon, stars, clouds, rainbow and weather."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from .canvas import Canvas, Point
from .palette import LIGHTS, Light, mix

_RAINBOW = (
    (235, 70, 64), (255, 150, 50), (255, 226, 70), (84, 190, 88), (66, 130, 230), (130, 80, 200),
)
# Where something tall hides the horizon, a low sun has to stand above it.
_LOW_SUN_Y = {"mountains": 0.27, "snowy mountains": 0.27, "city": 0.26, "forest": 0.20}


def light_for(time: str, sky: tuple[str, ...]) -> Light:
    """The time's light, its sky duller when it rains or snows."""
    light = LIGHTS[time]
    if "rain" in sky:
        grey = (40, 44, 62) if light.is_night else (118, 128, 146)
        return replace(light, sky=tuple(mix(c, grey, 0.55) for c in light.sky),
                       cloud=mix(light.cloud, grey, 0.45))
    if "snowfall" in sky:
        grey = (70, 80, 112) if light.is_night else (196, 206, 222)
        return replace(light, sky=tuple(mix(c, grey, 0.35) for c in light.sky))
    return light


def draw_sky(canvas: Canvas, light: Light, sky: tuple[str, ...], place: str, horizon: float,
             free_x: tuple[float, ...], rng: Random) -> None:
    """Paints the sky down to just below the horizon.

    ``free_x`` are places (0 to 1) where a sun or moon is not hidden by a subject.
    """
    canvas.gradient(light.sky, 0.0, min(1.0, horizon + 0.06))
    if "stars" in sky:
        _stars(canvas, rng)
    x = rng.choice(free_x) + rng.uniform(-0.03, 0.03)
    if "sun" in sky:
        _sun(canvas, light, x, place, horizon, rng)
    if "moon" in sky:
        _moon(canvas, light, x, rng)
    if "rainbow" in sky:
        _rainbow(canvas, horizon, rng)
    if "clouds" in sky:
        lamp = x if "sun" in sky or "moon" in sky else None
        _clouds(canvas, light, "rain" in sky or "snowfall" in sky, lamp, rng)


def _sun(canvas: Canvas, light: Light, x: float, place: str, horizon: float, rng: Random) -> None:
    if light.time in ("dawn", "sunset"):
        y = _LOW_SUN_Y.get(place, horizon - 0.09) + rng.uniform(-0.02, 0.02)
        disc, halo = ((255, 240, 190), (255, 236, 190)) if light.time == "dawn" else ((255, 214, 84), (255, 190, 80))
        radius = 0.095
    else:
        y, radius = rng.uniform(0.14, 0.20), 0.08
        disc, halo = (255, 222, 60), (255, 246, 190)
    canvas.glow(x, y, radius * 3.0, radius * 3.0, halo, 230)
    canvas.oval(x, y, radius, radius, disc)
    canvas.oval(x - radius * 0.1, y - radius * 0.1, radius * 0.78, radius * 0.78, mix(disc, (255, 255, 255), 0.3))


def _moon(canvas: Canvas, light: Light, x: float, rng: Random) -> None:
    y, radius = rng.uniform(0.14, 0.20), 0.072
    canvas.glow(x, y, radius * 3.0, radius * 3.0, (190, 204, 250), 150)
    disc, crater = (250, 246, 222), (224, 218, 192)
    if rng.random() < 0.5:
        canvas.polygon(_crescent(x, y, radius * 1.1), disc)
        return
    canvas.oval(x, y, radius, radius, disc)
    for dx, dy, r in ((-0.3, -0.2, 0.22), (0.32, 0.1, 0.16), (-0.1, 0.42, 0.14)):
        canvas.oval(x + dx * radius, y + dy * radius, r * radius, r * radius, crater)


def _crescent(x: float, y: float, radius: float) -> list[Point]:
    """The limb of a waxing moon, tilted a little."""
    angles = [math.pi * (i / 20) for i in range(21)]
    outer = [(math.cos(a), math.sin(a)) for a in angles]
    inner = [(math.cos(a), math.sin(a) * 0.34) for a in reversed(angles)]
    tilt = 0.9
    return [(x + radius * (u * math.cos(tilt) - v * math.sin(tilt) + 0.45),
             y + radius * (u * math.sin(tilt) + v * math.cos(tilt) - 0.35))
            for u, v in outer + inner]


def _stars(canvas: Canvas, rng: Random) -> None:
    for _ in range(70):
        x, y, r = rng.random(), rng.uniform(0.0, 0.56), rng.uniform(0.0016, 0.0034)
        canvas.oval(x, y, r, r, (255, 255, 240, rng.randint(150, 255)))
    for _ in range(9):
        x, y, r = rng.uniform(0.04, 0.96), rng.uniform(0.03, 0.42), rng.uniform(0.010, 0.016)
        q = r * 0.2
        canvas.polygon([(x, y - r), (x + q, y - q), (x + r, y), (x + q, y + q), (x, y + r),
                        (x - q, y + q), (x - r, y), (x - q, y - q)], (255, 252, 226))


def _clouds(canvas: Canvas, light: Light, heavy: bool, lamp: float | None, rng: Random) -> None:
    number = rng.randint(5, 6) if heavy else rng.randint(3, 4)
    shade = mix(light.cloud, light.sky[1], 0.28)
    for index in range(number):
        x = (index + rng.uniform(0.2, 0.8)) / number
        if lamp is not None and abs(x - lamp) < 0.24:
            # Beside the sun or moon, so that it can be seen.
            x = lamp + (0.24 if x > lamp else -0.24)
        y = rng.uniform(0.06, 0.16) if heavy else rng.uniform(0.08, 0.32)
        _cloud(canvas, x, y, rng.uniform(0.10, 0.15) * (1.25 if heavy else 1.0), light.cloud, shade, rng)


def _cloud(canvas: Canvas, x: float, y: float, w: float, colour, shade, rng: Random) -> None:
    lobes = [(-0.62, 0.0, 0.40), (-0.18, -0.26, 0.50), (0.32, -0.12, 0.44), (0.74, 0.06, 0.30)]
    lobes = [(dx, dy, r * rng.uniform(0.9, 1.1)) for dx, dy, r in lobes]
    for drop, tone in ((0.10, shade), (0.0, colour)):
        for dx, dy, r in lobes:
            canvas.oval(x + dx * w, y + (dy + drop) * w, r * w, r * w * 0.82, tone)
        canvas.oval(x, y + (0.20 + drop) * w, w * 1.05, w * 0.20, tone)


def _rainbow(canvas: Canvas, horizon: float, rng: Random) -> None:
    cx, outer, band = rng.uniform(0.42, 0.58), rng.uniform(0.46, 0.50), 0.019
    n = canvas.pixels
    cy = horizon + 0.02
    for index, colour in enumerate(_RAINBOW):
        r = outer - index * band
        box = ((cx - r) * n, (cy - r) * n, (cx + r) * n, (cy + r) * n)
        canvas.pen.arc(box, 180, 360, fill=(*colour, 205), width=math.ceil(band * n))


def draw_weather(canvas: Canvas, light: Light, sky: tuple[str, ...], share: float, rng: Random) -> None:
    """Rain or snow over what is drawn so far; ``share`` (0 to 1) scales how much falls."""
    if "rain" in sky:
        colour = (170, 190, 230, 170) if light.is_night else (226, 238, 252, 190)
        for _ in range(round(150 * share)):
            x, y, length = rng.random() * 1.05, rng.random(), rng.uniform(0.03, 0.05)
            canvas.line([(x, y), (x - length * 0.28, y + length)], 0.0036, colour)
    if "snowfall" in sky:
        for _ in range(round(130 * share)):
            x, y, r = rng.random(), rng.random(), rng.uniform(0.0035, 0.0085)
            canvas.oval(x, y, r, r, (255, 255, 255, 235))
