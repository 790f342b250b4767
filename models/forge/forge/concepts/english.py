"""Articles and plurals of names."""

from .lists import table, words

LINKS = (" of ", " with ", " in ")


def is_uncounted(name: str) -> bool:
    return name in words("uncounted")


def plural(name: str) -> str:
    """More than one of it: "cup of tea" → "cups of tea", "snowman" → "snowmen"."""
    for link in LINKS:
        if link in name:
            head, _, tail = name.partition(link)
            return plural(head) + link + tail
    if is_uncounted(name):
        return name
    *front, last = name.split()
    return " ".join([*front, _plural_word(last)])


def _plural_word(word: str) -> str:
    irregular = table("plurals").get(word)
    if irregular:
        return irregular[0]
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def with_article(phrase: str) -> str:
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase
