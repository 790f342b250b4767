"""Random plans of pictures with their captions: what stands where, on what, in which style. No picture is drawn here."""

from dataclasses import dataclass, field

import numpy as np

from forge.scenes import COLOURS, TIMES, words

from . import landscapes
from .assets import STYLES
from .chance import Chance
from .choices import VARIATES, Choices
from .corpus import Corpus
from .grounds import Ground, choose
from .landscapes import Landscape
from .phrases import EFFECTS, SIZES, Phrases

SLOTS = 3  # things in a picture, at most
GRID = 16  # things stand on sixteenths of the picture: one latent cell at 128 px, four at 512
SPANS = np.array((4, 6, 9, 11)) / GRID  # the larger of width and height: one latent pattern each, wherever a thing stands
EDGE = 0.015  # share of the picture between a thing and its border
SIZE_SHARES = (0.2, 0.55, 0.25)
# By size: span of a single thing in a landscape, and alone on a plain ground
IN_LANDSCAPE = {"small": (0.19, 0.25), "plain": (0.32, 0.42), "big": (0.5, 0.62)}
ALONE = {"small": (0.26, 0.34), "plain": (0.46, 0.58), "big": (0.68, 0.8)}
SIDES = {"left": (0.2, 0.3), "middle": (0.45, 0.55), "right": (0.7, 0.8)}
ROWS = {2: (0.29, 0.71), 3: (0.19, 0.5, 0.81)}  # centres of things of a kind
LINKS = {"beside": (" and ", " and ", " and ", " next to ", " beside "),
         "on top": (" on top of ", " on top of ", " standing on ", " sitting on ")}


@dataclass(frozen=True)
class Slot:
    """A thing in a picture. x: its middle, bottom: its lowest line, span: the larger of its sides, all as shares of the
    picture. colour: index in COLOURS, -1 for its own. time: whose light falls on it, -1 for plain light."""

    thing: int
    style: int
    x: float
    bottom: float
    span: float
    colour: int
    time: int

    def row(self) -> list[float]:
        return [self.thing, self.style, self.x, self.bottom, self.span, self.colour, self.time]


@dataclass(frozen=True)
class Plan:
    """landscape: index, or -1 with `ground`. slots: what is drawn later lies in front. relation: "", "beside" or "on top"
    (of two different things, the upper one last). size: the word of a single thing."""

    landscape: int
    ground: Ground | None
    slots: tuple[Slot, ...]
    effect: str
    text: str
    side: str = "middle"
    relation: str = ""
    size: str = "plain"


@dataclass
class _Surroundings:
    """What a picture's things stand in, while it is planned."""

    index: int
    landscape: Landscape | None
    ground: Ground | None
    said: landscapes.Said | None
    style: int
    time: int = field(init=False)

    def __post_init__(self):
        self.time = TIMES.index(self.landscape.time) if self.landscape else -1


class Planner:
    """Plans by one generator, which chooses what captions say; what they leave open follows from a plan's variates.

    held_out: only pictures with a pair that training never shows, in plain words.
    simple: the 3D style alone, and no style of the whole picture."""

    def __init__(self, corpus: Corpus, scenery: tuple[Landscape, ...], rng: np.random.Generator, held_out: bool = False,
                 simple: bool = False):
        self.corpus, self.scenery, self.held_out, self.simple = corpus, scenery, held_out, simple
        self.chance = Chance(rng)
        self.phrases = Phrases(corpus, self.chance, plain=held_out)
        self.fitting: dict[str | tuple[str, ...], np.ndarray] = {}  # by place or the ground's colours
        self.open = Choices(np.zeros(VARIATES))  # of the plan that is made

    def plan(self, variates: np.ndarray | None = None) -> Plan:
        """The next plan; variates (VARIATES,) in [0, 1), by default random ones: see `choices.py`."""
        chance = self.chance
        self.open = Choices(chance.rng.random(VARIATES) if variates is None else variates)
        style = 0 if self.simple or chance.happens(0.62) else 1 if chance.happens(0.5) else 2
        effect = EFFECTS[1 + int(chance.rng.integers(4))] if style == 0 and not self.simple and chance.happens(0.2) else "none"
        around = self._surroundings(style)
        if around.landscape and not self.held_out and chance.happens(0.05):
            text = landscapes.alone(around.landscape, around.said, chance)
            index = self._landscape(around, around.landscape.place, ())
            return Plan(index, None, (), effect, self.phrases.finish(text, effect))
        kind = chance.rng.random()
        made = self._single(around) if kind < 0.68 else self._several(around) if kind < 0.82 else self._pair(around)
        slots, noun, tail, more = made
        text = self._sentence(noun, around) + tail
        index = self._landscape(around, around.said.place and around.landscape.place, slots) if around.landscape else -1
        return Plan(index, around.ground, slots, effect, self.phrases.finish(text, effect), **more)

    def _landscape(self, around: _Surroundings, place: str, slots: tuple[Slot, ...]) -> int:
        """Which of the landscapes that the caption may mean; place: empty where it says none."""
        wanted = around.landscape
        options = [index for index, each in enumerate(self.scenery) if each.time == wanted.time
                   and (each.place == (place or wanted.place) or not place and all(self._stood(slot.thing, each.place) for slot in slots))
                   and (each.sky == wanted.sky or not around.said.sky)]
        return self.open.pick("landscape", options)

    def _stood(self, thing: int, place: str) -> bool:
        """Whether a picture of this side of the rule may show the thing there."""
        return ((thing, place) in self.corpus.held_out_places) == self.held_out

    def _surroundings(self, style: int) -> _Surroundings:
        """A landscape or a ground where something may stand."""
        while True:
            around = self._any_surroundings(style)
            if self._chances(around)[-1] > 0:
                return around

    def _any_surroundings(self, style: int) -> _Surroundings:
        if self.chance.happens(0.5):
            index = int(self.chance.rng.integers(len(self.scenery)))
            landscape = self.scenery[index]
            return _Surroundings(index, landscape, None, landscapes.describe(landscape, self.chance), style)
        return _Surroundings(-1, None, choose(self.chance, self.open), None, style)

    def _sentence(self, noun: str, around: _Surroundings) -> str:
        if around.landscape:
            return landscapes.with_things(noun, around.landscape, around.said, self.chance)
        return f"{noun} {around.ground.phrase}".strip()

    def _thing(self, around: _Surroundings, other: int = -1) -> int:
        """Any thing but `other` that may stand there. The first thing of held-out plans is one that never did, or on a
        plain ground one that has a colour to hold out; the second may be any."""
        chances = self.corpus.chances if other >= 0 and self.held_out else self._chances(around)
        while True:
            thing = int(np.searchsorted(chances, self.chance.rng.random() * chances[-1], side="right"))
            if thing != other:
                return thing

    def _chances(self, around: _Surroundings) -> np.ndarray:
        """(things,) How likely each stands there, cumulated; ends at 0 where none may."""
        key = around.landscape.place if around.landscape else around.ground.names
        if key not in self.fitting:
            single = np.diff(self.corpus.chances, prepend=0.0)
            fits = np.array([self._fits(thing, around) for thing in range(len(self.corpus))])
            self.fitting[key] = np.cumsum(np.where(fits, single, 0.0))
        return self.fitting[key]

    def _fits(self, thing: int, around: _Surroundings) -> bool:
        if around.landscape:
            return self._stood(thing, around.landscape.place)
        return not self.held_out or (self.corpus.concepts[thing].takes_colour and any(
            (thing, colour) in self.corpus.held_out_colours and name not in around.ground.names
            for colour, name in enumerate(COLOURS)))

    def _share(self, around: _Surroundings, usual: float) -> float:
        """How often a thing has a colour: on a plain ground the held-out pair is one of thing and colour."""
        return 1.0 if self.held_out and around.landscape is None else usual

    def _colour(self, thing: int, around: _Surroundings, share: float, held_out: bool) -> int:
        """Index of a colour that the thing may have on this side of the rule and that is not its ground's, -1 for its
        own colour."""
        ground = around.ground.names if around.ground else ()
        if not self.corpus.concepts[thing].takes_colour or not self.chance.happens(share):
            return -1
        options = [colour for colour, name in enumerate(COLOURS)
                   if name not in ground and ((thing, colour) in self.corpus.held_out_colours) == held_out]
        return self.chance.pick(options) if options else -1

    def _single(self, around: _Surroundings):
        chance, scene = self.chance, around.landscape is not None
        thing = self._thing(around)
        size = SIZES[int(chance.rng.choice(3, p=SIZE_SHARES))]
        colour = self._colour(thing, around, self._share(around, 0.45), self.held_out)
        side = ("left", "middle", "right")[int(chance.rng.choice(3, p=(0.22, 0.56, 0.22)))] if scene or chance.happens(0.4) else "middle"
        span = self.open.between("span0", *(IN_LANDSCAPE if scene else ALONE)[size])
        slot = self._put(0, thing, around, self.open.between("x0", *SIDES[side]), span, colour)
        noun, tail = self.phrases.noun(thing, colour, STYLES[around.style], size, 1)
        if side != "middle" or chance.happens(0.06):
            noun += " " + chance.pick(words.SIDE_PHRASES[side])
        return (slot,), noun, tail, {"side": side, "size": size}

    def _several(self, around: _Surroundings):
        chance, thing = self.chance, self._thing(around)
        count = 2 if chance.happens(0.6) else 3
        colour = self._colour(thing, around, self._share(around, 0.35), self.held_out)
        span = self.open.between("span0", *((0.24, 0.3) if count == 3 else (0.3, 0.4)))
        slots = tuple(self._put(number, thing, around, centre + self.open.between(f"x{number}", -0.03, 0.03), span, colour)
                      for number, centre in enumerate(ROWS[count]))
        noun, tail = self.phrases.noun(thing, colour, STYLES[around.style], "plain", count)
        return slots, noun, tail, {}

    def _pair(self, around: _Surroundings):
        chance = self.chance
        first = self._thing(around)
        second = self._thing(around, other=first)
        colours = self._colour(first, around, self._share(around, 0.35), self.held_out), self._colour(second, around, 0.35, False)
        if chance.happens(0.25) and not self.corpus.concepts[second].flying:
            relation, slots = "on top", self._stacked(first, second, around, colours)
        else:
            relation = "beside"
            slots = tuple(self._put(number, thing, around, self.open.between(f"x{number}", *middle),
                                    self.open.between(f"span{number}", 0.32, 0.42), colours[number])
                          for number, (thing, middle) in enumerate(((first, (0.25, 0.31)), (second, (0.69, 0.75)))))
        one, tail = self.phrases.noun(first, colours[0], STYLES[around.style], "plain", 1)
        two, after = self.phrases.noun(second, colours[1], "3d" if tail else STYLES[around.style], "plain", 1)
        return slots, one + chance.pick(LINKS[relation]) + two, tail or after, {"relation": relation}

    def _stacked(self, upper: int, lower: int, around: _Surroundings, colours: tuple[int, int]) -> tuple[Slot, Slot]:
        """The lower thing first: the upper one stands on it and is drawn after it."""
        x = self.open.between("x0", 0.42, 0.58)
        below = self._put(0, lower, around, x, self.open.between("span0", 0.36, 0.46), colours[1], grounded=True)
        above = self._put(1, upper, around, x + self.open.between("offset", -0.04, 0.04),
                          self.open.between("span1", 0.24, 0.32), colours[0], grounded=True)
        top = below.bottom - self.corpus.boxes[lower, around.style, 1] * below.span
        bottom = round((top + 0.03) * 2 * GRID) / (2 * GRID)
        return below, Slot(above.thing, above.style, above.x, bottom, above.span, above.colour, above.time)

    def _put(self, number: int, thing: int, around: _Surroundings, x: float, span: float, colour: int,
             grounded: bool = False) -> Slot:
        """The thing of that number on the grid, within the picture; `grounded`: on the ground, although it flies."""
        width, height = self.corpus.boxes[thing, around.style]
        name = f"bottom{number}"
        span = float(SPANS[np.abs(SPANS - span).argmin()])
        if around.landscape is None:
            bottom = 0.5 + height * span / 2 + self.open.between(name, -0.03, 0.05)
        elif self.corpus.concepts[thing].flying and not grounded and span < 0.5:
            bottom = self.open.between(name, 0.2, 0.36) + height * span / 2
        else:
            bottom = self.open.between(name, 0.78, 0.9)
        bottom = min(max(bottom, height * span + 0.02), 0.97)
        half = width * span / 2
        x = min(max(x, half + EDGE), 1 - half - EDGE)
        return Slot(thing, around.style, round(x * GRID) / GRID, round(bottom * GRID) / GRID, span, colour, around.time)
