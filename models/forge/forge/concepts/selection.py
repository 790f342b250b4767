"""Which emoji are concepts, and what they are called."""

import re

from .lists import table, words

SMILEYS, PEOPLE, COMPONENTS, ANIMALS, FOOD, PLACES, ACTIVITIES, OBJECTS, SYMBOLS, FLAGS = range(10)
"""Groups of emoji, as emojibase numbers them."""

GROUPS = {SMILEYS: "faces", PEOPLE: "people", ANIMALS: "animals and plants", FOOD: "food", PLACES: "places and travel",
          ACTIVITIES: "activities", OBJECTS: "objects", SYMBOLS: "symbols"}
"""How people call those that hold concepts."""

# Doubles, clock faces, and signs that only their reader knows
LEFT_OUT = re.compile(r"button|envelope with|mailbox with|non-|no one|Japanese|postal")
CLOCK_FACE = re.compile(r"o.clock|thirty$")


def is_concept(entry: dict) -> bool:
    """entry: of emojibase's data.json, with `label` and perhaps `group`."""
    label, group = entry["label"], entry.get("group")
    if label in words("dropped") or group in (None, COMPONENTS, FLAGS):
        return False
    if group == SYMBOLS:
        return label in words("symbols")
    if group == PEOPLE:
        return is_person(label)
    if group == PLACES and CLOCK_FACE.search(label):
        return False
    return not LEFT_OUT.search(label)


def is_person(label: str) -> bool:
    """Not "man X" and "woman X", where "X" is there as well."""
    if ":" in label or label.startswith("people ") or ("pointing" in label and "index" in label):
        return False
    first, last = label.split()[0], label.split()[-1]
    if first in ("man", "woman", "men", "women") or (last in ("man", "woman") and first in ("deaf", "pregnant")):
        return label in words("people")
    return True


def names_of(label: str) -> list[str]:
    """What people call it; the first name is the concept's own."""
    given = table("names").get(label)
    if given:
        return list(given)
    plain = label.replace("’", "'").replace("“", "").replace("”", "")
    return [re.sub(r"\s*\(.*?\)", "", plain).strip().lower()]


def is_flying(label: str) -> bool:
    return label in words("flying")
