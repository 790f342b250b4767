"""Prompts as people write them, in the words of captions."""

import pytest

from forge.concepts.phrasebook import grammar_words
from forge.concepts.rephrasing import check, phrases, rephrased
from forge.scenes import vocabulary


@pytest.mark.parametrize("written, said", [
    ("a cat on the beach", "a cat by the sea"),
    ("A dog In  The Garden, 4k", "A dog in a meadow, 4k"),
    ("2 cats and 3 dogs", "two cats and three dogs"),
    ("a light blue car", "a blue car"),
    ("on top of a mountain", "in the mountains"),
    ("a four leaf clover", "a four leaf clover"),
])
def test_says_what_captions_say(written: str, said: str) -> None:
    assert rephrased(written) == said


@pytest.mark.parametrize("prompt", [
    "a cat by the sea", "a (red:1.2) house", "a house (red:2)", "1.2 cats", "16:9", "a 2d cat", "seaside", "a nearby house", "cat 2", ""])
def test_leaves_what_is_known_alone(prompt: str) -> None:
    assert rephrased(prompt) == prompt


def test_what_is_said_is_known_and_never_changed_again() -> None:
    known = grammar_words() | set(vocabulary()) | {"clover", "clovers", "leaf", "four", "o'clock", "high", "five"}
    for said in {said for each in phrases().values() for said in each.values()}:
        assert rephrased(said) == said
        assert set(said.split()) <= known, said


def test_a_phrase_within_a_name_is_refused() -> None:
    check(["cat", "four leaf clover"])
    with pytest.raises(ValueError, match="navy blue whale becomes blue whale"):
        check(["navy blue whale"])
