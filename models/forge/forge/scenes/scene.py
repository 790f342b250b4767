"""What a picture holds, as validated immutable values."""

from __future__ import annotations

from dataclasses import dataclass

from .vocabulary import COLOURS, COUNTS, KINDS, PLACES, SIDES, SIZES, SKIES, TIMES

MAX_SUBJECTS = 2


def _require(field: str, allowed: tuple, given: object) -> None:
    if given not in allowed:
        raise ValueError(f"{field} must be one of {', '.join(map(repr, allowed))}; given: {given!r}")


@dataclass(frozen=True)
class Subject:
    """One to three equal things in the picture.

    ``side`` of a group (``count`` above 1) is always ``'middle'``: a group is spread over the
    whole width. Raises ValueError, naming the field, for a value outside its set.
    """

    kind: str
    colour: str
    size: str
    side: str
    count: int

    def __post_init__(self) -> None:
        _require("kind", KINDS, self.kind)
        _require("colour", COLOURS, self.colour)
        _require("size", SIZES, self.size)
        _require("side", SIDES, self.side)
        if isinstance(self.count, bool) or not isinstance(self.count, int):
            raise ValueError(f"count must be an int from 1 to {len(COUNTS)}; given: {self.count!r}")
        _require("count", tuple(range(1, len(COUNTS) + 1)), self.count)
        if self.count > 1 and self.side != "middle":
            raise ValueError(f"side must be 'middle' for a group (count {self.count}); given: {self.side!r}")


@dataclass(frozen=True)
class Scene:
    """A picture's whole content: ``seed`` (0 or above) drives every detail that no word names.

    At most two subjects. Two subjects are of different kinds, single (count 1), and stand on
    different sides, the first left and the second right. Raises ValueError naming the field.
    """

    place: str
    time: str
    sky: tuple[str, ...]
    subjects: tuple[Subject, ...]
    seed: int

    def __post_init__(self) -> None:
        _require("place", PLACES, self.place)
        _require("time", TIMES, self.time)
        if not isinstance(self.sky, tuple):
            raise ValueError(f"sky must be a tuple of names; given: {self.sky!r}")
        for name in self.sky:
            _require("sky", SKIES, name)
        if len(set(self.sky)) != len(self.sky):
            raise ValueError(f"sky must name each thing once; given: {self.sky!r}")
        if not isinstance(self.subjects, tuple) or not all(isinstance(s, Subject) for s in self.subjects):
            raise ValueError(f"subjects must be a tuple of Subject; given: {self.subjects!r}")
        if len(self.subjects) > MAX_SUBJECTS:
            raise ValueError(f"subjects must be at most {MAX_SUBJECTS}; given: {len(self.subjects)}")
        if len(self.subjects) == 2:
            self._check_pair()
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed must be an int of 0 or above; given: {self.seed!r}")

    def _check_pair(self) -> None:
        first, second = self.subjects
        if first.kind == second.kind:
            raise ValueError(f"subjects must be of different kinds; given: {first.kind!r} twice")
        if (first.side, second.side) != ("left", "right"):
            raise ValueError(
                "subjects must be one 'left' then one 'right' when there are two; "
                f"given: {(first.side, second.side)!r}"
            )
