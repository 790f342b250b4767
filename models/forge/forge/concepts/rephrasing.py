"""What people write and captions never said, put into words that captions did say ("in the garden": "in a meadow").

`concepts/lists/rephrasing.txt` has the phrases. A bundle carries them in `bundle.json`, `read_as` for what means the same and
`drawn_as` for the nearest that is drawn, which a person is told.
"""

import re
from collections.abc import Iterable
from functools import cache

from .lists import lines

MARKS = {"=": "read_as", "~": "drawn_as"}


@cache
def phrases() -> dict[str, dict[str, str]]:
    """`read_as` and `drawn_as`: what is written, and what is said instead."""
    found: dict[str, dict[str, str]] = {key: {} for key in MARKS.values()}
    for line in lines("rephrasing"):
        written, mark, said = re.fullmatch(r"(.+) ([=~]) (.+)", line).groups()
        found[MARKS[mark]] |= dict.fromkeys(written.split(" | "), said)
    return found


@cache
def _pattern() -> re.Pattern[str]:
    """Whole words, the longest phrase first; a number only before a word, so that weights and "4k" stay."""
    written = sorted((phrase for each in phrases().values() for phrase in each), key=lambda phrase: (-len(phrase), phrase))
    forms = (r"\s+".join(map(re.escape, phrase.split())) + (r"(?=\s+[^\W\d_])" if phrase.isdigit() else "") for phrase in written)
    return re.compile(rf"(?<![\w.:,-])(?:{'|'.join(forms)})(?![\w-])", re.IGNORECASE)


def rephrased(prompt: str) -> str:
    """The prompt as a bundle's user gets it drawn."""
    said = {written: meant for each in phrases().values() for written, meant in each.items()}
    return _pattern().sub(lambda found: said[" ".join(found[0].lower().split())], prompt)


def check(names: Iterable[str]) -> None:
    """ValueError when a phrase lies within a thing's name: "silver" would spoil "silver medal"."""
    for name in names:
        if rephrased(name) != name:
            raise ValueError(f"lists/rephrasing.txt changes a thing's name: {name} becomes {rephrased(name)}")
