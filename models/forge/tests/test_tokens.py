"""The tokenizer: learned, written, read back, applied."""

import json

import numpy as np
import pytest

from forge.scenes import caption, sample_scene
from forge.tokens import Tokenizer, learn
from forge.tokens.bpe import END, START, base_symbols, split_words

RNG = np.random.default_rng(4)
CAPTIONS = [caption(sample_scene(RNG), RNG) for _ in range(400)]
SIZE = 700
TOKENIZER = learn(CAPTIONS, SIZE)
STRANGE = ["", "   ", "a Red HOUSE", "it's 3 o'clock!!", "snow_man", "über die Brücke", "日本の家 🏠", "\u00a0a\tb\nc", "x" * 300]


def decode(ids: list[int]) -> str:
    tokens = {index: token for token, index in TOKENIZER.vocabulary.items()}
    return "".join(tokens[index] for index in ids if tokens[index] not in (START, END)).replace("</w>", " ").strip()


def test_vocabulary_has_the_wanted_size_and_the_special_tokens_at_its_end():
    assert sorted(TOKENIZER.vocabulary.values()) == list(range(SIZE))
    assert (TOKENIZER.vocabulary[START], TOKENIZER.vocabulary[END]) == (SIZE - 2, SIZE - 1)


def test_vocabulary_that_runs_out_of_merges_is_padded():
    few = learn(["a cat"], SIZE)
    assert len(few.vocabulary) == SIZE
    assert few.encode("a cat", 5) == [SIZE - 2, few.vocabulary["a</w>"], few.vocabulary["cat</w>"], SIZE - 1, SIZE - 1]


def test_vocabulary_smaller_than_its_bytes_is_refused():
    with pytest.raises(ValueError, match="at least 514, got 100"):
        learn(CAPTIONS, 100)


def test_learning_repeats():
    assert learn(CAPTIONS, SIZE).files(48) == TOKENIZER.files(48)


def test_frequent_words_are_one_token_and_ids_spell_the_caption():
    assert TOKENIZER.word_ids("red") == [TOKENIZER.vocabulary["red</w>"]]
    for text in CAPTIONS[:50]:
        words = TOKENIZER.encode(text, 200)
        assert decode(words) == " ".join(split_words(text))


@pytest.mark.parametrize("text", CAPTIONS[:20] + STRANGE)
def test_files_read_back_give_the_same_ids(text):
    files = TOKENIZER.files(48)
    again = Tokenizer.read(files["vocab.json"], files["merges.txt"])
    assert again.encode(text, 48) == TOKENIZER.encode(text, 48)


def test_files_name_what_clip_tokenizers_read():
    files = TOKENIZER.files(48)
    assert set(files) == {"vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"}
    assert json.loads(files["tokenizer_config.json"])["model_max_length"] == 48
    assert files["merges.txt"].startswith("#version: 0.2\n")
    assert len(files["merges.txt"].splitlines()) == 1 + len(TOKENIZER.merges)


@pytest.mark.parametrize("text", STRANGE)
def test_any_text_becomes_known_ids(text):
    ids = TOKENIZER.encode(text, 48)
    assert len(ids) == 48
    assert all(0 <= index < SIZE for index in ids)


def test_unknown_characters_are_spelled_in_bytes():
    ids = TOKENIZER.word_ids("日")
    assert len(ids) == len("日".encode())
    assert all(index < len(base_symbols()) for index in ids)


def test_short_text_is_padded_with_the_end_token():
    assert TOKENIZER.encode("", 4) == [SIZE - 2, SIZE - 1, SIZE - 1, SIZE - 1]


def test_long_text_is_cut_and_still_ends():
    ids = TOKENIZER.encode("red " * 100, 8)
    assert ids == [SIZE - 2] + 6 * TOKENIZER.word_ids("red") + [SIZE - 1]


def test_case_and_spaces_do_not_matter():
    assert TOKENIZER.encode("A  Red\n house ", 10) == TOKENIZER.encode("a red house", 10)
