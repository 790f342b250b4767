"""Which phrases mean which thing, as token ids: what `architecture.recall` compares prompts with."""

import torch

from forge.architecture.recall import LONGEST, NOTHING, TURNED
from forge.scenes import words
from forge.tokens import Tokenizer
from forge.tokens.bpe import split_words

from .corpus import Corpus
from .english import plural
from .grounds import WORDS
from .lists import table
from .lists import words as listed
from .phrases import AFTER, BEFORE, EFFECT_FORMS, FILLERS, PRAISE
from .plans import LINKS

COLOURED_FORM = "\ufe0f"
ASKED_FOR = ("a sun", "the sun", "a moon", "the moon")  # behind "and" they are things: "a cat and a moon"


def phrases(corpus: Corpus, tokenizer: Tokenizer) -> dict[tuple[int, ...], int]:
    """Names, their plurals, kin and emoji of every thing; and phrases that only look like one. Of two things with one
    name the first has it; own names come before listed kin, and these before WordNet's."""
    found: dict[tuple[int, ...], int] = {}

    def add(text: str, meaning: int) -> None:
        ids = tuple(token for word in split_words(text) for token in tokenizer.word_ids(word))[:LONGEST]
        if ids:
            found.setdefault(ids, meaning)

    for text in turning():
        add(text, TURNED)
    for text in (*scenery(), *manner()):
        add(text, NOTHING)
    drawn = [(number, concept) for number, concept in enumerate(corpus.concepts) if concept.name not in listed("landscapes")]
    for number, concept in drawn:
        for text in concept.names:
            add(text, number)
    for number, concept in drawn:
        for text in table("kin").get(concept.name, ()):
            add(text, number)
    for number, concept in drawn:
        for text in (*map(plural, concept.names), *concept.kin, *map(plural, concept.kin)):
            add(text, number)
        for emoji in spellings(concept.emoji):
            for count in (1, 2, 3):
                for behind in ("", ","):  # the tokenizer makes one word of emoji and comma
                    add(emoji * count + behind, number)
    return found


def spellings(emoji: str) -> list[str]:
    """With and without the sign that asks for the coloured form: keyboards differ. None for no emoji."""
    bare = emoji.replace(COLOURED_FORM, "")
    return list(dict.fromkeys((emoji, bare, bare + COLOURED_FORM))) if emoji else []


def turning() -> list[str]:
    """What stands between two things of which the second is drawn first."""
    return sorted({link.strip() for link in LINKS["on top"]})


def scenery() -> list[str]:
    """How captions speak of places and skies: "in the mountains" asks for no mountain."""
    nouns = [noun for options in words.SKY_NOUNS.values() for noun in options]
    return [phrase for table in (words.PLACE_PHRASES, words.PLACE_NOUNS, words.TIME_PHRASES, words.SKY_ALONE)
            for options in table.values() for phrase in options] + [
        f"with {noun}" for noun in nouns] + [f"and {noun}" for noun in nouns if noun not in ASKED_FOR]


def manner() -> list[str]:
    """How captions speak of styles, and what people write around them: "a sticker of" asks for no dagger."""
    forms = [form for options in (*EFFECT_FORMS.values(), FILLERS, *AFTER.values(), BEFORE.values()) for form in options]
    return [form.replace("{}", "").strip(" ,") for form in forms] + [tag for tags in words.TIME_TAGS.values() for tag in tags]


def grammar_words() -> set[str]:
    """Words that captions are made of beside the names of things: styles, grounds, places, fillers."""
    grounds = [form for forms in WORDS.values() for form in forms]
    phrases = [*scenery(), *manner(), *turning(), *PRAISE, *LINKS["beside"], *grounds, "background wall gradient in front of next to"]
    sizes = [word for options in words.SIZE_WORDS.values() for word in options]
    return {word for phrase in (*phrases, *sizes) for word in split_words(phrase) if word.isalnum()}


def word_ends(tokenizer: Tokenizer) -> torch.Tensor:
    """(vocabulary,) whether a token ends a word."""
    ends = torch.zeros(len(tokenizer.vocabulary), dtype=torch.bool)
    for token, number in tokenizer.vocabulary.items():
        ends[number] = token.endswith("</w>")
    return ends
