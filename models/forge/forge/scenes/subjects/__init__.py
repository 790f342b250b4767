"""The twenty kinds, each a function that sketches one thing in its colour's tones."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ..palette import TONES, Light, Tones
from .animals import sketch_bird, sketch_cat, sketch_dog, sketch_fish
from .buildings import sketch_house, sketch_lighthouse, sketch_tent
from .plants import sketch_apple, sketch_flower, sketch_mushroom, sketch_pine, sketch_tree
from .sketch import Sketch
from .things import sketch_ball, sketch_heart, sketch_snowman, sketch_star
from .vehicles import sketch_balloon, sketch_boat, sketch_car, sketch_rocket

_SKETCH: dict[str, Callable[[Tones, Light, Random], Sketch]] = {
    "house": sketch_house, "tree": sketch_tree, "pine": sketch_pine, "boat": sketch_boat,
    "car": sketch_car, "hot-air balloon": sketch_balloon, "rocket": sketch_rocket,
    "cat": sketch_cat, "dog": sketch_dog, "fish": sketch_fish, "bird": sketch_bird,
    "flower": sketch_flower, "mushroom": sketch_mushroom, "lighthouse": sketch_lighthouse,
    "star": sketch_star, "heart": sketch_heart, "ball": sketch_ball, "apple": sketch_apple,
    "snowman": sketch_snowman, "tent": sketch_tent,
}
_MIRRORED = frozenset({"boat", "car", "cat", "dog", "fish", "bird"})


def sketch(kind: str, colour: str, light: Light, rng: Random) -> Sketch:
    """The kind in the colour, with mild variation; some kinds may face either way."""
    made = _SKETCH[kind](TONES[colour], light, rng)
    if kind in _MIRRORED and rng.random() < 0.5:
        made = made.mirrored()
    return made
