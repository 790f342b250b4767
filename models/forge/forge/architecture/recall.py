"""From a prompt's token ids to the memory of the things that it names: exact phrases, the longest first.

No weights but the table of pictures: who adds a phrase and a row of the table has taught the model a thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .memory import MemoryConfig

LONGEST = 5  # tokens of a phrase that are compared: as many fit into one 64-bit number
NOTHING = -1  # what a phrase means that only looks like a thing: "in the mountains"
TURNED = -2  # of a phrase that turns the order: in "a cat on top of a car" the car comes first


@dataclass(frozen=True)
class Recall:
    """phrases: by token ids, cut to LONGEST, the thing's row in the table, NOTHING or TURNED. table: (things, side * side,
    numbers). word_ends: (vocabulary,) whether a token ends a word, since phrases begin where words do."""

    phrases: dict[tuple[int, ...], int]
    table: Tensor
    word_ends: Tensor
    config: MemoryConfig

    def __post_init__(self):
        wanted = (self.config.side**2, self.config.numbers)
        if tuple(self.table.shape[1:]) != wanted:
            raise ValueError(f"table must have shape (things, {wanted[0]}, {wanted[1]}), got {tuple(self.table.shape)}")
        if self.phrases and not -2 <= min(self.phrases.values()) <= max(self.phrases.values()) < len(self.table):
            raise ValueError(f"phrases must mean rows in [0, {len(self.table)}), NOTHING or TURNED")

    def things(self, ids: Sequence[int]) -> list[int]:
        """Rows of the table that the prompt names, at most `config.things`, in the order of its memory."""
        found, end, turned = [], 0, False
        for position in range(len(ids)):
            length, meaning = self._longest(ids, position)
            if position + length > end:  # else it lies within a phrase from further left
                turned |= meaning == TURNED
                if meaning >= 0 and meaning not in found:
                    found.append(meaning)
            end = max(end, position + length)
        found = found[: self.config.things]
        return found[::-1] if turned and len(found) == self.config.things else found

    def _longest(self, ids: Sequence[int], position: int) -> tuple[int, int]:
        """Length and meaning of the longest phrase that begins there; (0, NOTHING) where none does."""
        if position == 0 or not (position == 1 or self.word_ends[ids[position - 1]]):
            return 0, NOTHING
        for length in range(min(LONGEST, len(ids) - position), 0, -1):
            meaning = self.phrases.get(tuple(ids[position : position + length]))
            if meaning is not None:
                return length, meaning
        return 0, NOTHING

    def memory(self, ids: Tensor) -> Tensor:
        """ids (B, tokens) → (B, parts, numbers), zeros for things that there are not."""
        return self.memory_of([self.things(row) for row in ids.tolist()])

    def memory_of(self, things: list[list[int]]) -> Tensor:
        """Rows of the table for each picture → (B, parts, numbers)."""
        made = torch.zeros(len(things), self.config.things, *self.table.shape[1:], device=self.table.device)
        for row, each in enumerate(things):
            for position, thing in enumerate(each):
                made[row, position] = self.table[thing]
        return made.flatten(1, 2)
