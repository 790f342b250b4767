"""Places that rise above the horizon: mountains, snowy mountains, city and forest."""

from __future__ import annotations

from random import Random

from ..canvas import Canvas
from ..palette import RGB, Light, mix
from .shapes import fir, hills


def draw_mountains(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """Bare brown-grey peaks over a green-brown foreground."""
    _range(canvas, light, horizon, rng, 5, (0.13, 0.19), (160, 166, 186), (136, 142, 168), None)
    _range(canvas, light, horizon + 0.01, rng, 4, (0.19, 0.30), (158, 134, 118), (112, 92, 86), None)
    _foothills(canvas, light, horizon, rng, (150, 158, 92), (116, 120, 62))
    for _ in range(9):
        x, y = rng.random(), rng.uniform(horizon + 0.14, 0.97)
        r = 0.012 + 0.02 * (y - horizon)
        canvas.oval(x, y, r, r * 0.6, light.land((138, 130, 122)))
        canvas.oval(x - r * 0.15, y - r * 0.15, r * 0.7, r * 0.35, light.land((172, 164, 154)))


def draw_snowy_mountains(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """Blue peaks with big white caps over a cool green foreground with firs."""
    _range(canvas, light, horizon, rng, 5, (0.16, 0.22), (150, 172, 206), (126, 148, 188), 0.55)
    _range(canvas, light, horizon + 0.01, rng, 3, (0.28, 0.38), (108, 130, 168), (76, 96, 136), 0.58)
    _foothills(canvas, light, horizon, rng, (126, 172, 140), (82, 134, 106))
    for _ in range(8):
        x = rng.choice((rng.uniform(0.0, 0.2), rng.uniform(0.8, 1.0), rng.random()))
        fir(canvas, x, horizon + rng.uniform(0.05, 0.08), rng.uniform(0.06, 0.09),
            light.land((62, 118, 96)), light.land((42, 90, 78)), light.land((90, 66, 52)))


def _foothills(canvas: Canvas, light: Light, horizon: float, rng: Random, top: RGB, bottom: RGB) -> None:
    canvas.layer(hills(rng, horizon + 0.02, 0.012, 1.6), light.land(mix(top, (255, 255, 230), 0.12)), light.land(top))
    canvas.layer(hills(rng, horizon + 0.11, 0.02, 0.9), light.land(top), light.land(bottom))


def _range(canvas: Canvas, light: Light, base: float, rng: Random, number: int, heights: tuple[float, float],
           lit: RGB, shaded: RGB, cap: float | None) -> None:
    """A row of peaks, each with a lit left and a shaded right face.

    ``heights`` bound the peaks; ``cap`` is the share of a peak that is under snow (None: no snow).
    """
    left, right = light.land(lit), light.land(shaded)
    snow, snow_shade = light.snow((252, 254, 255)), light.snow((196, 212, 236))
    for index in range(number):
        x = (index + 0.5 + rng.uniform(-0.22, 0.22)) / number
        h = rng.uniform(*heights)
        w = h * rng.uniform(0.80, 0.95) + 0.04
        top, floor = base - h, base + 0.04
        bend = rng.uniform(-0.02, 0.02)
        canvas.polygon([(x - w, floor), (x - w * 0.5, base - h * 0.50), (x, top), (x + w * 0.45, base - h * 0.53),
                        (x + w, floor)], left)
        canvas.polygon([(x, top), (x + bend + 0.03, base - h * 0.62), (x + bend - 0.02, base - h * 0.3),
                        (x + 0.05, floor),
                        (x + w, floor), (x + w * 0.45, base - h * 0.53)], right)
        if cap is None:
            ridge = (*mix(left, right, 0.5), 255)
            canvas.polygon([(x - w * 0.3, base - h * 0.5), (x - w * 0.22, base - h * 0.58),
                            (x - w * 0.16, base - h * 0.2), (x - w * 0.34, floor)], ridge)
            continue
        _snow_cap(canvas, x, top, w, h, cap, bend, snow, snow_shade)


def _snow_cap(canvas: Canvas, x: float, top: float, w: float, h: float, cap: float, bend: float, snow: RGB,
              shade: RGB) -> None:
    d = cap * h
    # The slopes' bends lie at about half the height, so the cap follows both parts of each slope.
    lx, rx = x - w * 0.5 * min(1.0, cap / 0.5), x + w * 0.45 * min(1.0, cap / 0.47)
    ly, ry = top + 0.5 * h * min(1.0, cap / 0.5), top + 0.53 * h * min(1.0, cap / 0.53)
    canvas.polygon([(x, top), (lx, ly), (x - w * 0.34, top + d * 0.82), (x - w * 0.24, top + d * 1.02),
                    (x - w * 0.10, top + d * 0.74),
                    (x + bend, top + d * 1.04), (x + w * 0.12, top + d * 0.78), (x + w * 0.26, top + d * 1.0),
                    (rx, ry)], snow)
    canvas.polygon([(x, top), (x + bend + 0.03, top + 0.38 * h), (x + bend + 0.01, top + d * 0.86),
                    (x + w * 0.12, top + d * 0.78),
                    (x + w * 0.26, top + d * 1.0), (rx, ry)], shade)


def draw_city(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """A skyline with windows, a pavement and a road with dashes."""
    ground = horizon + 0.08
    far = mix(light.land((156, 176, 206)), light.haze, 0.25)
    x = -0.02
    while x < 1.0:
        w = rng.uniform(0.08, 0.13)
        canvas.rectangle(x, ground - rng.uniform(0.26, 0.42), x + w, ground, far)
        x += w * rng.uniform(0.9, 1.15)
    x = -0.03
    while x < 1.0:
        w = rng.uniform(0.11, 0.15)
        _building(canvas, light, x, w, ground, rng.uniform(0.16, 0.31), rng)
        x += w + 0.004
    kerb, road = light.land((206, 204, 200)), light.land((104, 108, 120))
    canvas.layer([(0.0, ground), (1.0, ground)], kerb, light.land((184, 182, 180)), ground + 0.05)
    canvas.layer([(0.0, ground + 0.05), (1.0, ground + 0.05)], road, light.land((82, 86, 98)))
    canvas.rectangle(0.0, ground + 0.05, 1.0, ground + 0.058, light.land((150, 150, 152)))
    start = rng.uniform(-0.15, 0.0)
    for index in range(8):
        x0 = start + index * 0.17
        canvas.polygon([(x0 + 0.012, 0.845), (x0 + 0.092, 0.845), (x0 + 0.08, 0.862),
                        (x0, 0.862)], light.land((248, 240, 214)))


def _building(canvas: Canvas, light: Light, x: float, w: float, ground: float, h: float, rng: Random) -> None:
    wall = light.land(rng.choice(((108, 124, 164), (124, 134, 160), (92, 112, 150), (138, 130, 152))))
    top = ground - h
    canvas.rectangle(x, top, x + w, ground, wall)
    canvas.rectangle(x + w * 0.86, top, x + w, ground, mix(wall, (0, 0, 20), 0.22))
    if rng.random() < 0.4:
        canvas.rectangle(x + w * 0.38, top - 0.022, x + w * 0.62, top, wall)
    lamps = light.time in ("sunset", "night")
    lit = (255, 222, 120) if lamps else light.land((214, 238, 252))
    dim = mix(wall, (0, 0, 20), 0.30) if lamps else light.land((168, 204, 236))
    share = {"night": 0.62, "sunset": 0.5}.get(light.time, 0.6)
    columns = 3
    step, rows = w * 0.82 / columns, int((h - 0.02) / 0.038)
    for row in range(rows):
        y = top + 0.016 + row * 0.038
        for column in range(columns):
            x0 = x + w * 0.06 + column * step
            canvas.rectangle(x0 + step * 0.12, y, x0 + step * 0.74, y + 0.022, lit if rng.random() < share else dim)


def draw_forest(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """Dense rows of dark firs behind a grass clearing."""
    rows = (
        (15, 0.02, (0.30, 0.38), (118, 158, 140), (100, 140, 128)),
        (12, 0.05, (0.30, 0.38), (64, 116, 84), (48, 96, 72)),
        (10, 0.085, (0.24, 0.34), (34, 86, 54), (22, 66, 44)),
    )
    canvas.rectangle(0.0, horizon - 0.12, 1.0, horizon + 0.1, light.land((40, 78, 58)))
    for number, drop, heights, left, right in rows:
        tones = light.land(left), light.land(right), light.land((84, 58, 42))
        offset = rng.uniform(-0.5, 0.5)
        for index in range(-1, number + 1):
            x = (index + 0.5 + offset + rng.uniform(-0.2, 0.2)) / number
            fir(canvas, x, horizon + drop, rng.uniform(*heights), *tones)
    canvas.layer(hills(rng, horizon + 0.085, 0.008, 1.4), light.land((112, 166, 76)), light.land((70, 126, 52)))
    canvas.layer(hills(rng, horizon + 0.19, 0.012, 0.8), light.land((124, 176, 80)), light.land((78, 138, 56)))
    blade = (*light.land((58, 116, 46)), 200)
    for _ in range(46):
        x, y = rng.random(), rng.uniform(horizon + 0.11, 0.99)
        canvas.polygon([(x - 0.004, y), (x - 0.007, y - 0.018), (x, y - 0.004), (x + 0.007, y - 0.018),
                        (x + 0.004, y)], blade)
