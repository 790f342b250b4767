"""Captions: words, forms and what they must and must not say."""

import re

import numpy as np
import pytest

from forge.scenes import KINDS, Scene, Split, Subject, caption, full_caption, sample_scene, sample_single, vocabulary
from forge.scenes.words import COLOUR_WORDS, KIND_WORDS, SIDE_OF, SIDE_PHRASES, SIZE_WORDS


def words_of(text):
    return text.replace(",", "").split(" ")


def says(text, phrases):
    return any(re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", text) for phrase in phrases)


@pytest.fixture(scope="module")
def captions():
    rng = np.random.default_rng(3)
    scenes = [sample_scene(rng, Split.TRAIN if i % 4 else Split.HELD_OUT) for i in range(4000)]
    return [(scene, caption(scene, rng), full_caption(scene, rng)) for scene in scenes]


def test_words_are_in_the_vocabulary_and_all_are_said(captions):
    said = {word for _, *texts in captions for text in texts for word in words_of(text)}
    assert said <= set(vocabulary())
    assert set(vocabulary()) - said == set()
    assert list(vocabulary()) == sorted(set(vocabulary()))


def test_captions_are_plain_text_of_modest_length(captions):
    lengths = []
    for _, *texts in captions:
        for text in texts:
            assert re.fullmatch(r"[a-z-]+(,? [a-z-]+)*", text), text
            assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text), text
            lengths.append(len(words_of(text)))
    assert max(lengths) < 40 and 5 <= np.median(lengths) <= 18


def test_number_forms(captions):
    for scene, *texts in captions:
        for text in texts:
            for subject in scene.subjects:
                singulars, plurals = zip(*KIND_WORDS[subject.kind])
                assert says(text, singulars if subject.count == 1 else plurals), text
    assert dict(KIND_WORDS["snowman"]) == {"snowman": "snowmen"} and dict(KIND_WORDS["fish"]) == {"fish": "fish"}


def test_full_captions_drop_nothing(captions):
    for scene, _, text in captions:
        for subject in scene.subjects:
            assert says(text, COLOUR_WORDS[subject.colour]), text
            if subject.size != "plain":
                assert says(text, SIZE_WORDS[subject.size]), text
            if subject.count == 1:
                assert says(text, SIDE_PHRASES[subject.side] + SIDE_OF[subject.side]), text
            else:
                assert says(text, ("two", "a pair of") if subject.count == 2 else ("three",)), text


def test_captions_drop_attributes_sometimes():
    rng = np.random.default_rng(4)
    scene = Scene("sea", "night", ("moon",), (Subject("cat", "black", "big", "left", 1),), 0)
    texts = [caption(scene, rng) for _ in range(300)]
    for phrases in (("black",), SIZE_WORDS["big"], SIDE_PHRASES["left"] + SIDE_OF["left"], ("moon", "moonlight")):
        said = sum(says(text, phrases) for text in texts)
        assert 30 < said < 298


def test_each_attribute_stands_by_its_own_noun():
    rng = np.random.default_rng(5)
    scene = Scene("forest", "day", (), (Subject("mushroom", "red", "small", "left", 1), Subject("tree", "blue", "big",
                                                                                                "right", 1)), 0)
    for _ in range(200):
        text = full_caption(scene, rng)
        assert re.search(r"a (small|little|tiny) red (mushroom|toadstool) (on the left|at left)", text), text
        assert re.search(r"a (big|large|huge) blue tree (on the right|at right)", text), text


def test_subject_star_and_place_snow_differ_from_the_sky():
    rng = np.random.default_rng(6)
    scene = Scene("snow", "night", ("snowfall",), (Subject("star", "yellow", "big", "left", 1),), 0)
    for _ in range(200):
        text = full_caption(scene, rng)
        assert not says(text, ("stars", "starry")) and says(text, ("star",))
        assert says(text, ("snowfall", "snowing", "falling snow"))


def test_golden_captions():
    rng = np.random.default_rng(7)
    scene = Scene("meadow", "dawn", ("sun",), (Subject("apple", "orange", "plain", "right", 1),), 0)
    assert [caption(scene, rng) for _ in range(3)] == [
        "grass, an orange apple on the right, sun",
        "an orange apple at dawn on the grass",
        "morning over the meadow with an orange apple at right",
    ]
    assert full_caption(scene, np.random.default_rng(8)) == (
        "dawn over a meadow with an orange apple at right, with the sun in the sky"
    )


def test_captions_of_singles_name_the_kind():
    rng = np.random.default_rng(9)
    seen = set()
    for _ in range(400):
        scene = sample_single(rng)
        kind = scene.subjects[0].kind
        assert says(full_caption(scene, rng), [singular for singular, _ in KIND_WORDS[kind]])
        seen.add(kind)
    assert seen == set(KINDS)
