"""The landscapes of `scenes` that things stand in, and the phrases that say so."""

from dataclasses import dataclass

import numpy as np

from forge.scenes import PLACES, TIMES, Scene, draw, words
from forge.scenes.sampling import sample_sky

from .chance import Chance

FIRST_SEED = 1000


@dataclass(frozen=True)
class Landscape:
    """A place at a time under a sky; `seed` decides all that no word names."""

    place: str
    time: str
    sky: tuple[str, ...]
    seed: int

    def pixels(self, size: int) -> np.ndarray:
        """(size, size, 3) uint8."""
        return draw(Scene(self.place, self.time, self.sky, (), self.seed), size).pixels


def landscapes(count: int, seed: int = 1) -> tuple[Landscape, ...]:
    """`count` landscapes, places and times in turn."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        place, time = PLACES[number % len(PLACES)], TIMES[number // len(PLACES) % len(TIMES)]
        made.append(Landscape(place, time, sample_sky(rng, place, time), FIRST_SEED + number))
    return tuple(made)


@dataclass(frozen=True)
class Said:
    """What a caption says of a landscape; empty where it says nothing."""

    place: str
    time: str
    sky: str
    tagged: bool = False  # as "sunset over the sea with ..."


def describe(landscape: Landscape, chance: Chance) -> Said:
    """Every time but day is said; what says neither place nor time is no landscape."""
    sky = _sky(landscape.sky, chance) if landscape.sky and chance.happens(0.5) else ""
    if chance.happens(0.12):
        return Said(chance.pick(words.PLACE_NOUNS[landscape.place]), chance.pick(words.TIME_TAGS[landscape.time]), sky, tagged=True)
    usual = landscape.time == "day"
    time = chance.pick(words.TIME_PHRASES[landscape.time]) if not usual or chance.happens(0.6) else ""
    place = chance.pick(words.PLACE_PHRASES[landscape.place]) if not time or chance.happens(0.92) else ""
    return Said(place, time, sky)


def _sky(sky: tuple[str, ...], chance: Chance) -> str:
    if len(sky) == 1 and chance.happens(0.6):
        return chance.pick(words.SKY_ALONE[sky[0]])
    return "with " + " and ".join(chance.pick(words.SKY_NOUNS[name]) for name in sky)


def alone(landscape: Landscape, said: Said, chance: Chance) -> str:
    """The caption of a landscape with nothing in it."""
    place = said.place if said.tagged else chance.pick(words.PLACE_NOUNS[landscape.place])
    tagged = said.tagged or chance.happens(0.5)
    tag = said.time if said.tagged else chance.pick(words.TIME_TAGS[landscape.time])
    text = f"{tag} over {place}" if tagged else f"{place} {said.time}".strip()
    return text + (f", {said.sky}" if said.sky else "")


def with_things(things: str, landscape: Landscape, said: Said, chance: Chance) -> str:
    """The caption of things in a landscape."""
    if said.tagged:
        return f"{said.time} over {said.place} with {things}" + (f", {said.sky}" if said.sky else "")
    around = [phrase for phrase in (said.place, said.time) if phrase]
    if len(around) == 2 and chance.happens(0.25):
        around.reverse()
    text = ", ".join([" ".join(around), things]) if around and chance.happens(0.1) else " ".join([things, *around])
    return text + ((" " if chance.happens(0.5) else ", ") + said.sky if said.sky else "")
