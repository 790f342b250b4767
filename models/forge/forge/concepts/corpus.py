"""The concepts that `assets` made, and how often each is drawn."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forge.scenes import COLOURS, PLACES

from . import assets, split
from .lists import words
from .selection import ACTIVITIES, ANIMALS, FOOD, OBJECTS, PEOPLE, SMILEYS, SYMBOLS
from .selection import PLACES as PLACES_GROUP

# Animals and places are what people ask for most
GROUP_WEIGHTS = {SMILEYS: 0.45, PEOPLE: 0.6, SYMBOLS: 0.4, ANIMALS: 1.5, PLACES_GROUP: 1.5, FOOD: 1.2}
COLOURED = (ANIMALS, FOOD, PLACES_GROUP, ACTIVITIES, OBJECTS)  # groups whose things are drawn in other colours too


@dataclass(frozen=True)
class Concept:
    """names: the first is its own. kin: words for which it is drawn too."""

    names: tuple[str, ...]
    kin: tuple[str, ...]
    group: int
    emoji: str
    flying: bool

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def takes_colour(self) -> bool:
        return self.group in COLOURED or self.name == "heart"


class Corpus:
    """concepts; boxes (concepts, styles, 2): how much of a sprite's side a thing is wide and high; first: which are of
    tier 1, drawn `favour` times as often as the others (`only_first`: they alone)."""

    def __init__(self, folder: Path, favour: float = 4.0, only_first: bool = False):
        assets.check(folder, digest=None)
        self.folder = folder
        self.concepts = tuple(Concept(tuple(c["names"]), tuple(c["kin"]), c["group"], c["emoji"], c["flying"])
                              for c in json.loads((folder / "concepts.json").read_text()))
        where = json.loads((folder / "sprites.json").read_text())
        self.boxes = np.array([[entry[2:] for entry in row] for row in where], np.float32)
        self.first = np.array([concept.name in words("tier1") for concept in self.concepts])
        weights = np.array([GROUP_WEIGHTS.get(concept.group, 1.0) for concept in self.concepts])
        weights[[concept.name in words("landscapes") for concept in self.concepts]] = 0
        weights = np.where(self.first, favour * weights, 0.0 if only_first else weights)
        self.chances = np.cumsum(weights / weights.sum())
        self.numbers = {name: number for number, concept in reversed(list(enumerate(self.concepts)))
                        for name in concept.names}
        self.held_out_colours = frozenset(
            (number, colour) for number, concept in enumerate(self.concepts) for colour, word in enumerate(COLOURS)
            if split.is_held_out_colour(concept.name, word))
        self.held_out_places = frozenset(
            (number, place) for number, concept in enumerate(self.concepts) for place in PLACES
            if split.is_held_out_place(concept.name, place))

    def __len__(self) -> int:
        return len(self.concepts)
