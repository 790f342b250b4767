"""Natural captions for scenes: a grammar over ``words``.

A caption is lower case, without a full stop, its parts separated by spaces or ", ". Attributes
come before their noun and a side right after it, so with two subjects each word belongs to one.
A dropped attribute leaves open what the picture shows.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from . import words
from .scene import Scene, Subject


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """A random caption that may drop attributes, places, times and skies."""
    return _Grammar(rng, drops=True).caption(scene)


def full_caption(scene: Scene, rng: np.random.Generator) -> str:
    """A random caption that says everything: kinds, colours, place, time and sky always, the side
    of a single subject, the size unless plain, the count unless one."""
    return _Grammar(rng, drops=False).caption(scene)


@cache
def vocabulary() -> tuple[str, ...]:
    """Every word that captions can hold, sorted; a caption's words are its text without commas,
    split at spaces."""
    phrases: list[str] = list(words.CLEAR_PHRASES + words.OPENERS + words.GLUE)
    for nouns in words.KIND_WORDS.values():
        phrases += [noun for pair in nouns for noun in pair]
    for table in (words.COLOUR_WORDS, words.SIZE_WORDS, words.COUNT_WORDS, words.SIDE_PHRASES, words.SIDE_OF,
                  words.PLACE_PHRASES, words.PLACE_NOUNS, words.PLACE_TAGS, words.TIME_PHRASES, words.TIME_TAGS,
                  words.SKY_NOUNS, words.SKY_TAGS, words.SKY_ALONE):
        phrases += [phrase for options in table.values() for phrase in options]
    return tuple(sorted({word for phrase in phrases for word in phrase.split()}))


def with_article(phrase: str) -> str:
    """The phrase after "a" or "an"."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def join(parts: list[str]) -> str:
    """"x", "x and y" or "x, y and z"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


class _Grammar:
    def __init__(self, rng: np.random.Generator, drops: bool) -> None:
        self._rng = rng
        self._drops = drops

    def caption(self, scene: Scene) -> str:
        if not scene.subjects:
            return self._landscape(scene)
        form = self._pick((self._sentence, self._sentence, self._sentence, self._sentence, self._front, self._front,
                           self._over, self._list, self._list))
        return form(scene)

    def _chance(self, share: float) -> bool:
        return float(self._rng.random()) < share

    def _kept(self, share: float) -> bool:
        """Whether to say something that a full caption always says."""
        kept = self._chance(share)
        return kept or not self._drops

    def _pick(self, options):
        return options[int(self._rng.integers(len(options)))]

    def _shuffled(self, parts: list[str]) -> list[str]:
        return [parts[int(i)] for i in self._rng.permutation(len(parts))]

    # Forms of a caption with subjects.

    def _sentence(self, scene: Scene) -> str:
        """"a red house by the sea at sunset", openers and "there is" included."""
        place = self._place(scene)
        time = self._time(scene)
        subjects, side_used = self._subjects_before_place(scene, place)
        if side_used:
            place = ""
        tail = self._shuffled([part for part in (place, time) if part])
        sky = self._sky(scene)
        text = " ".join([subjects, *tail])
        if sky:
            text = f"{text}{self._pick((' ', ', '))}{sky}"
        if self._chance(0.14):
            return f"{self._pick(words.OPENERS)} {text}"
        if self._chance(0.05):
            verb = "are" if scene.subjects[0].count > 1 else "is"
            return f"there {verb} {text}"
        return text

    def _subjects_before_place(self, scene: Scene, place: str) -> tuple[str, bool]:
        """The subjects, and whether the place was joined to a side ("on the right of a meadow")."""
        subject = scene.subjects[0]
        single = len(scene.subjects) == 1 and subject.count == 1
        if single and place and self._chance(0.2):
            noun = self._pick(words.PLACE_NOUNS[scene.place])
            return f"{self._noun_phrase(subject)} {self._pick(words.SIDE_OF[subject.side])} {noun}", True
        return self._subjects(scene), False

    def _front(self, scene: Scene) -> str:
        """"in the desert at night, a red tent": the surroundings first."""
        tail = self._shuffled([part for part in (self._place(scene), self._time(scene)) if part])
        sky = self._sky(scene)
        parts = [part for part in (" ".join(tail), sky, self._subjects(scene)) if part]
        return ", ".join(parts)

    def _over(self, scene: Scene) -> str:
        """"sunset over a city with a black cat"."""
        time = self._pick(words.TIME_TAGS[scene.time])
        text = f"{time} over {self._pick(words.PLACE_NOUNS[scene.place])} with {self._subjects(scene)}"
        sky = self._sky(scene)
        return f"{text}, {sky}" if sky else text

    def _list(self, scene: Scene) -> str:
        """"night, stars, snowy mountains, a big yellow hot-air balloon on the left"."""
        parts = []
        if self._kept(0.8):
            parts.append(self._pick(words.TIME_TAGS[scene.time]))
        if self._kept(0.8):
            parts.append(self._pick(words.PLACE_TAGS[scene.place]))
        if scene.sky and self._kept(0.6):
            parts += [self._pick(words.SKY_TAGS[name]) for name in scene.sky]
        return ", ".join(self._shuffled([*parts, self._subjects(scene)]))

    def _landscape(self, scene: Scene) -> str:
        """Captions of a picture without subjects."""
        time, sky = self._time(scene), self._sky(scene)
        form = int(self._rng.integers(4))
        if form == 0:
            text = f"{self._pick(words.TIME_TAGS[scene.time])} over {self._pick(words.PLACE_NOUNS[scene.place])}"
        elif form == 1:
            parts = [self._pick(words.TIME_TAGS[scene.time]), self._pick(words.PLACE_TAGS[scene.place]),
                     *(self._pick(words.SKY_TAGS[name]) for name in scene.sky)]
            return ", ".join(self._shuffled(parts))
        elif form == 2:
            place = self._pick(words.PLACE_PHRASES[scene.place])
            text = " ".join(part for part in ("an empty scene", place, time) if part)
        else:
            text = " ".join(part for part in (self._pick(words.PLACE_NOUNS[scene.place]), time) if part)
            if self._chance(0.3):
                text = f"{self._pick(('picture of', 'a picture of'))} {text}"
        return f"{text}{self._pick((' ', ', '))}{sky}" if sky else text

    # Parts.

    def _subjects(self, scene: Scene) -> str:
        if len(scene.subjects) == 1:
            subject = scene.subjects[0]
            phrase = self._noun_phrase(subject)
            if subject.count == 1 and self._kept(0.5):
                return f"{phrase} {self._pick(words.SIDE_PHRASES[subject.side])}"
            return phrase
        first, second = scene.subjects
        if self._kept(0.6):
            phrases = [f"{self._noun_phrase(s)} {self._pick(words.SIDE_PHRASES[s.side])}" for s in (first, second)]
        else:
            phrases = [self._noun_phrase(s) for s in (first, second)]
        if self._chance(0.3):
            phrases.reverse()
        return " and ".join(phrases)

    def _noun_phrase(self, subject: Subject) -> str:
        singular, plural = self._pick(words.KIND_WORDS[subject.kind])
        size = self._pick(words.SIZE_WORDS[subject.size])
        parts = []
        if size and self._kept(0.8):
            parts.append(size)
        if self._kept(0.9):
            parts.append(self._pick(words.COLOUR_WORDS[subject.colour]))
        if subject.count == 1:
            return with_article(" ".join([*parts, singular]))
        if self._kept(0.95):
            parts.insert(0, self._pick(words.COUNT_WORDS[subject.count]))
        return " ".join([*parts, plural])

    def _place(self, scene: Scene) -> str:
        return self._pick(words.PLACE_PHRASES[scene.place]) if self._kept(0.88) else ""

    def _time(self, scene: Scene) -> str:
        # Plain daylight is what people mean when they name no time.
        share = 0.6 if scene.time == "day" else 0.85
        return self._pick(words.TIME_PHRASES[scene.time]) if self._kept(share) else ""

    def _sky(self, scene: Scene) -> str:
        if not scene.sky:
            return self._pick(words.CLEAR_PHRASES) if self._drops and self._chance(0.15) else ""
        if not self._kept(0.55):
            return ""
        if len(scene.sky) == 1 and self._chance(0.6):
            return self._pick(words.SKY_ALONE[scene.sky[0]])
        nouns = self._shuffled([self._pick(words.SKY_NOUNS[name]) for name in scene.sky])
        return f"with {join(nouns)}{self._pick(('', ' in the sky'))}"
