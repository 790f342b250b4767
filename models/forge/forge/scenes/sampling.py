"""Random scenes, uniform over kinds, colours, places and times."""

from __future__ import annotations

import numpy as np

from .scene import Scene, Subject
from .split import Split, combinations
from .vocabulary import PLACES, SIDES, SIZES, TIMES

SUBJECT_COUNT_SHARES = (0.05, 0.80, 0.15)
GROUP_SHARES = (0.74, 0.15, 0.11)
SIZE_SHARES = (0.28, 0.42, 0.30)

_DAY_SKIES = (
    ((), 2), (("sun",), 4), (("clouds",), 4), (("sun", "clouds"), 4), (("rainbow",), 2),
    (("clouds", "rainbow"), 1), (("sun", "rainbow"), 1), (("clouds", "rain"), 2), (("snowfall",), 1),
    (("clouds", "snowfall"), 1),
)
_LOW_SUN_SKIES = (
    ((), 3), (("sun",), 5), (("clouds",), 3), (("sun", "clouds"), 4), (("clouds", "rain"), 1),
    (("snowfall",), 1),
)
_NIGHT_SKIES = (
    ((), 2), (("moon",), 3), (("stars",), 4), (("moon", "stars"), 5), (("clouds",), 1),
    (("moon", "clouds"), 2), (("clouds", "rain"), 1), (("snowfall",), 1),
)
_SKIES_BY_TIME = {
    "dawn": _LOW_SUN_SKIES, "day": _DAY_SKIES, "sunset": _LOW_SUN_SKIES, "night": _NIGHT_SKIES,
}
# Weather that would contradict the ground below it.
_IMPOSSIBLE = {"desert": {"snowfall"}, "snow": {"rain"}, "snowy mountains": {"rain"}}


def _pick(rng: np.random.Generator, options: tuple, shares: tuple | None = None):
    return options[int(rng.choice(len(options), p=shares))]


def sample_sky(rng: np.random.Generator, place: str, time: str) -> tuple[str, ...]:
    """What may stand in the sky of the place at the time."""
    impossible = _IMPOSSIBLE.get(place, set())
    options = [(sky, weight) for sky, weight in _SKIES_BY_TIME[time] if not impossible & set(sky)]
    weights = np.array([weight for _, weight in options], dtype=float)
    return options[int(rng.choice(len(options), p=weights / weights.sum()))][0]


def _scene(rng: np.random.Generator, place: str, subjects: tuple[Subject, ...]) -> Scene:
    time = _pick(rng, TIMES)
    return Scene(place, time, sample_sky(rng, place, time), subjects, int(rng.integers(2**31)))


def _subject(rng: np.random.Generator, kind: str, colour: str, side: str, count: int = 1) -> Subject:
    return Subject(kind, colour, _pick(rng, SIZES, SIZE_SHARES), side, count)


def sample_single(rng: np.random.Generator, split: Split = Split.TRAIN) -> Scene:
    """A scene of exactly one subject of count 1, its combination uniform over the split's."""
    kind, colour, place = _pick(rng, combinations(split))
    return _scene(rng, place, (_subject(rng, kind, colour, _pick(rng, SIDES)),))


def sample_scene(rng: np.random.Generator, split: Split = Split.TRAIN) -> Scene:
    """A scene of the split: mostly one subject (or group of one kind), sometimes two or none.

    TRAIN scenes hold no held-out combination. HELD_OUT scenes hold at least one, so they always
    have a subject. Of ANY scenes, some do.
    """
    number = int(rng.choice(3, p=SUBJECT_COUNT_SHARES))
    if number == 0 and split is not Split.HELD_OUT:
        return _scene(rng, _pick(rng, PLACES), ())
    kind, colour, place = _pick(rng, combinations(split))
    if number == 2:
        other = _other_combination(rng, kind, place)
        pair = [(kind, colour), other]
        if rng.random() < 0.5:
            pair.reverse()
        subjects = tuple(_subject(rng, *names, side) for names, side in zip(pair, ("left", "right")))
        return _scene(rng, place, subjects)
    count = _pick(rng, (1, 2, 3), GROUP_SHARES)
    side = "middle" if count > 1 else _pick(rng, SIDES)
    return _scene(rng, place, (_subject(rng, kind, colour, side, count),))


def _other_combination(rng: np.random.Generator, kind: str, place: str) -> tuple[str, str]:
    """A training (kind, colour) for the place, of another kind."""
    while True:
        other_kind, colour, other_place = _pick(rng, combinations(Split.TRAIN))
        if other_place == place and other_kind != kind:
            return other_kind, colour
