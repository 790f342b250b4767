"""Hand-made word lists, one entry a line, `#` begins a comment; `key: value; value` where an entry has values."""

from functools import cache
from importlib.resources import files


@cache
def lines(name: str) -> tuple[str, ...]:
    """The entries of lists/NAME.txt, in their order."""
    text = (files(__package__) / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def words(name: str) -> frozenset[str]:
    """Every word of a list whose lines are `word` or `word; word`."""
    return frozenset(word for line in lines(name) for word in line.split("; "))


@cache
def table(name: str) -> dict[str, tuple[str, ...]]:
    """The values by key of a list whose lines are `key: value; value`."""
    return {key: tuple(values.split("; ")) for key, values in (line.split(": ", 1) for line in lines(name))}
