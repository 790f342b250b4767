"""Captions of things: names, colours, sizes, counts, styles, and what people write around them."""

import re

from forge.scenes import COLOURS, words

from .chance import Chance
from .corpus import Corpus
from .english import is_uncounted, plural, with_article

SIZES = ("small", "plain", "big")
PRAISE = ("cute", "beautiful", "lovely", "nice", "pretty", "little cute", "funny", "happy", "magical")
COUNTS = {2: ("two", "two", "two", "a pair of"), 3: ("three",)}
# Of each drawn style: words before the name, or after it
BEFORE = {"3d": "3d", "flat": "flat", "cartoon": "cartoon"}
AFTER = {"3d": (", 3d render", " in 3d"), "flat": (" in flat style", ", flat vector", ", flat design"),
         "cartoon": (" in cartoon style", ", cartoon")}
EFFECTS = ("none", "pixel art", "black and white", "oil painting", "pencil sketch")
EFFECT_FORMS = {
    "pixel art": ("pixel art of {}", "{}, pixel art", "{} in pixel art style", "pixel art, {}"),
    "black and white": ("black and white picture of {}", "{} in black and white", "{}, black and white", "{}, monochrome"),
    "oil painting": ("an oil painting of {}", "{}, oil painting", "oil painting of {}", "a painting of {}"),
    "pencil sketch": ("a pencil sketch of {}", "{}, pencil drawing", "pencil sketch of {}", "a drawing of {}")}
FILLERS = ("a picture of {}", "picture of {}", "an illustration of {}", "{}, high quality", "an image of {}", "a sticker of {}",
           "an icon of {}", "clipart of {}", "{}, digital art", "{}, highly detailed", "{}, masterpiece, best quality", "{}, 4k",
           "emoji of {}", "a photo of {}", "draw {}", "{}, sharp focus", "{}, centered")
PREPOSITIONS = frozenset(["at", "by", "during", "early", "in", "on", "under"])


class Phrases:
    """Captions by one generator. `plain`: only own names, and no fillers, as evaluations ask."""

    def __init__(self, corpus: Corpus, chance: Chance, plain: bool = False):
        self.corpus, self.chance, self.plain = corpus, chance, plain

    def name(self, thing: int) -> str:
        """One of its names, kin, or its emoji."""
        concept, kind = self.corpus.concepts[thing], self.chance.rng.random()
        if self.plain:
            return concept.name
        if kind < 0.13 and concept.kin:
            return self.chance.pick(concept.kin)
        if kind > 0.965 and concept.emoji:
            return concept.emoji
        return self.chance.pick(concept.names) if self.chance.happens(0.45) else concept.name

    def noun(self, thing: int, colour: int, style: str, size: str, count: int) -> tuple[str, str]:
        """The phrase for the thing, and what must follow the whole caption; colour -1 for its own."""
        chance = self.chance
        name, parts, after = self.name(thing), [], ""
        if size != "plain":
            parts.append(chance.pick(words.SIZE_WORDS[size]))
        if not self.plain and chance.happens(0.04):
            parts.append(chance.pick(PRAISE))
        if style != "3d" or chance.happens(0.2):
            if chance.happens(0.5 if style == "3d" else 0.6):
                parts.append(BEFORE[style])
            else:
                after = chance.pick(AFTER[style])
        if colour >= 0:
            parts.append(chance.pick(words.COLOUR_WORDS[COLOURS[colour]]))
        return self._phrase(name, parts, count), after

    def _phrase(self, name: str, parts: list[str], count: int) -> str:
        if not name.isascii():  # an emoji, written as often as it is meant
            return " ".join([*parts, name * count])
        if count > 1:
            return " ".join([self.chance.pick(COUNTS[count]), *parts, plural(name)])
        phrase = " ".join([*parts, name])
        return phrase if is_uncounted(name) else with_article(phrase)

    def finish(self, text: str, effect: str) -> str:
        """The caption with the whole picture's style, or with what people write around captions."""
        if effect != "none":
            text = self.chance.pick(_fitting(EFFECT_FORMS[effect], text)).format(text)
        elif not self.plain and self.chance.happens(0.1):
            text = self.chance.pick(_fitting(FILLERS, text)).format(text)
        return re.sub(r"\ba (?=[aeiou])", "an ", text)


def _fitting(forms: tuple[str, ...], text: str) -> tuple[str, ...]:
    """The forms that may stand around a caption: "a picture of" not before "at dusk, two cats"."""
    return forms if text.split()[0] not in PREPOSITIONS else tuple(form for form in forms if form.startswith("{}"))
