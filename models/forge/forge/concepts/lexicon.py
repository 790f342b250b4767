"""Kin of a concept's names in WordNet: synonyms and narrower nouns, since a poodle can be drawn as a dog."""

import re
from dataclasses import dataclass

from forge.scenes import words

from .lists import table
from .selection import ACTIVITIES, ANIMALS, FOOD, OBJECTS, PEOPLE, PLACES, SMILEYS, SYMBOLS

COLOUR_NAMES = {word for names in words.COLOUR_WORDS.values() for word in names}
DEPTH = 3  # steps down from the name's own meaning
MOST = 60  # kin of one concept
# WordNet's lexicographer files (5 animal, 6 artifact, 13 food, ...) in which a group's meaning may lie
MEANINGS = {ANIMALS: {5, 20, 13, 17}, FOOD: {13, 20, 6, 7}, PLACES: {6, 17, 15, 14}, ACTIVITIES: {6, 4, 11},
            OBJECTS: {6, 10, 21, 13, 17}, SMILEYS: set(), PEOPLE: {18}, SYMBOLS: set()}


@dataclass(frozen=True)
class Meaning:
    """One meaning (a synset): the file it is in, the words for it, and the keys of narrower meanings."""

    file: int
    words: tuple[str, ...]
    below: tuple[str, ...]


class Lexicon:
    """WordNet's nouns, from the texts of its `data.noun` and `index.noun`."""

    def __init__(self, data: str, index: str):
        self.meanings = {fields[0]: _meaning(fields) for fields in _rows(data)}
        self.index = {fields[0]: tuple(fields[-int(fields[2]):]) for fields in _rows(index)}

    def kin(self, names: list[str], group: int, taken: set[str]) -> list[str]:
        """Further words for the concept that are no other concept's name: those of `kin.txt`, then WordNet's, sorted."""
        listed = [word for word in table("kin").get(names[0], ()) if word not in taken]
        found: set[str] = set()
        for name in names[:2]:
            meanings = self.index.get(name.replace(" ", "_"), ())
            first = next((key for key in meanings if self.meanings[key].file in MEANINGS.get(group, set())), None)
            if first is not None:
                self._descend(first, found)
        return listed + sorted(found - taken - set(listed))[:MOST]

    def _descend(self, first: str, found: set[str]) -> None:
        level, seen = [first], {first}
        for _ in range(DEPTH):
            below = []
            for key in level:
                meaning = self.meanings[key]
                found.update(word.replace("_", " ") for word in map(_bare, meaning.words) if _is_usual(word))
                below += [key for key in meaning.below if key not in seen]
                seen.update(meaning.below)
            level = below
            if len(found) > MOST:
                return


def _rows(text: str):
    """The fields of every line but the licence, which is indented."""
    return (line.split() for line in text.splitlines() if not line.startswith(" "))


def _meaning(fields: list[str]) -> Meaning:
    """offset, file, type, word count (hex), word and sense each, pointer count, then symbol, offset, type, source each."""
    count = int(fields[3], 16)
    words = tuple(fields[4 + 2 * index] for index in range(count))
    start = 5 + 2 * count
    pointers = [fields[start + 4 * index : start + 4 * index + 3] for index in range(int(fields[start - 1]))]
    return Meaning(int(fields[1]), words, tuple(offset for symbol, offset, kind in pointers if symbol == "~" and kind == "n"))


def _bare(word: str) -> str:
    return re.sub(r"\(.*\)", "", word)


def _is_usual(word: str) -> bool:
    """Neither a proper name nor an abbreviation nor a Latin phrase, nor a thing of another colour ("white fox")."""
    return (word == word.lower() and word.count("_") <= 1 and len(word) >= 3 and not re.search(r"\d|\.", word)
            and not COLOUR_NAMES & set(re.split("[_-]", word)))
