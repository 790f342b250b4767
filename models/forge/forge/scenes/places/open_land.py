"""Places with a wide view: sea, desert, meadow and snow."""

from __future__ import annotations

from random import Random

from ..canvas import Canvas
from ..palette import Light, mix
from .shapes import fir, height_at, hills


def draw_sea(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """A flat horizon and blue water whose waves grow towards the viewer."""
    far, near = light.land((74, 168, 214)), light.land((10, 84, 158))
    canvas.layer([(0.0, horizon), (1.0, horizon)], far, near)
    canvas.rectangle(0.0, horizon, 1.0, horizon + 0.006, mix(far, light.haze, 0.55))
    for row in range(5):
        t = (row + 0.6) / 5.0
        y = horizon + (1.0 - horizon) * t * t * 0.9 + 0.03
        tone = mix(far, near, min(1.0, t + 0.12))
        swell = hills(rng, y, 0.004 + 0.007 * t, 7.0 - 3.0 * t)
        canvas.polygon([*swell, (1.0, 1.0), (0.0, 1.0)], mix(tone, (255, 255, 255), 0.10 - 0.02 * row))
    glint = mix(light.haze, (255, 255, 255), 0.35)
    for _ in range(26):
        t = rng.random()
        x, y = rng.random(), horizon + 0.015 + (0.97 - horizon) * t
        w = 0.012 + 0.03 * t
        canvas.oval(x, y, w, 0.0022 + 0.0016 * t, (*glint, 150))


def draw_desert(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """Sand dunes with a lit and a shaded side, and cactuses."""
    sand, shade = (246, 208, 130), (214, 158, 84)
    canvas.layer(hills(rng, horizon + 0.01, 0.03, 1.3), light.land(mix(sand, (255, 236, 200), 0.5)), light.land(sand))
    for y, height, crest in ((0.06, 0.035, rng.uniform(0.2, 0.45)), (0.17, 0.03, rng.uniform(0.55, 0.8))):
        top = horizon + y
        # One long dune: its lee side lies in the shade.
        canvas.layer(hills(rng, top, height, 1.0), light.land(sand), light.land(mix(sand, shade, 0.7)))
        ridge = top - height * 0.4
        canvas.polygon([(crest, ridge), (crest + 0.10, top + 0.05), (crest + 0.34, top + 0.10),
                        (crest + 0.06, top + 0.09),
                        (crest - 0.05, top + 0.04)], (*light.land(shade), 150))
    for row in range(5):
        ripple = hills(rng, horizon + 0.22 + row * 0.045, 0.006, 2.0)
        canvas.line(ripple, 0.003, (*light.land(shade), 150))
    for x in (rng.uniform(0.03, 0.12), rng.uniform(0.88, 0.97), rng.uniform(0.35, 0.65)):
        _cactus(canvas, light, x, horizon + rng.uniform(0.07, 0.14), rng.uniform(0.13, 0.19))


def _cactus(canvas: Canvas, light: Light, x: float, base: float, h: float) -> None:
    body, side = light.land((72, 140, 84)), light.land((48, 108, 68))
    w = h * 0.09
    for reach, low, high in ((-0.30, 0.34, 0.68), (0.28, 0.48, 0.82)):
        ax, y0, y1 = x + reach * h, base - low * h, base - high * h
        canvas.rectangle(min(ax, x), y0 - w * 0.75, max(ax, x), y0 + w * 0.75, side)
        canvas.rectangle(ax - w * 0.75, y1, ax + w * 0.75, y0, body)
        canvas.oval(ax, y1, w * 0.75, w * 0.75, body)
        canvas.oval(ax, y0, w * 0.75, w * 0.75, body)
    canvas.glow(x, base, h * 0.35, h * 0.06, light.land((120, 80, 50)), 200)
    canvas.rectangle(x - w, base - h + w, x + w, base, body)
    canvas.oval(x, base - h + w, w, w, body)
    canvas.rectangle(x + w * 0.25, base - h + w, x + w, base, side)


def draw_meadow(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """Rolling green hills with small flowers in front."""
    canvas.layer(hills(rng, horizon - 0.01, 0.035, 1.2), light.land((176, 222, 140)), light.land((140, 204, 104)))
    canvas.layer(hills(rng, horizon + 0.07, 0.04, 1.0), light.land((150, 212, 96)), light.land((112, 186, 72)))
    canvas.layer(hills(rng, horizon + 0.17, 0.03, 0.8), light.land((132, 202, 78)), light.land((84, 164, 58)))
    blade = (*light.land((72, 150, 52)), 190)
    for _ in range(40):
        x, y = rng.random(), rng.uniform(horizon + 0.2, 0.99)
        canvas.polygon([(x - 0.004, y), (x - 0.006, y - 0.016), (x, y - 0.004), (x + 0.006, y - 0.016),
                        (x + 0.004, y)], blade)
    petals = ((255, 255, 255), (255, 170, 200), (255, 226, 90), (214, 160, 240))
    for _ in range(34):
        x, y = rng.random(), rng.uniform(horizon + 0.16, 0.985)
        r = 0.0035 + 0.006 * (y - horizon)
        colour = light.land(rng.choice(petals))
        for dx, dy in ((-r, 0), (r, 0), (0, -r), (0, r)):
            canvas.oval(x + dx, y + dy, r, r, colour)
        canvas.oval(x, y, r * 0.8, r * 0.8, light.land((250, 190, 40)))


def draw_snow(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """White hills with blue shade and a few distant snowy firs."""
    white, blue = (250, 253, 255), (206, 224, 244)
    far = hills(rng, horizon, 0.03, 1.2)
    canvas.layer(far, light.snow((226, 238, 250)), light.snow(blue))
    for x in sorted(rng.uniform(0.02, 0.98) for _ in range(7)):
        _snowy_fir(canvas, light, x, height_at(far, x) + rng.uniform(0.01, 0.04), rng.uniform(0.08, 0.13))
    canvas.layer(hills(rng, horizon + 0.09, 0.035, 0.9), light.snow(white), light.snow(blue))
    canvas.layer(hills(rng, horizon + 0.19, 0.03, 0.8), light.snow(white), light.snow((222, 234, 248)))
    for _ in range(22):
        x, y = rng.random(), rng.uniform(horizon + 0.12, 0.98)
        canvas.oval(x, y, rng.uniform(0.01, 0.03), 0.0025, (*light.snow((186, 208, 236)), 170))


def _snowy_fir(canvas: Canvas, light: Light, x: float, base: float, h: float) -> None:
    fir(canvas, x, base, h, light.land((104, 146, 140)), light.land((76, 116, 118)), light.land((110, 84, 70)))
    cap = light.snow((250, 253, 255))
    for top, half in ((0.52, 0.5), (0.76, 0.42), (1.0, 0.34)):
        w, y1 = h * 0.27 * half, base - top * h
        canvas.polygon([(x - w, y1 + h * 0.21), (x, y1), (x + w, y1 + h * 0.21), (x, y1 + h * 0.15)], cap)
