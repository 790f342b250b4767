"""Scene values, their errors, the held-out rule and the sampling."""

from collections import Counter

import numpy as np
import pytest

from forge.scenes import COLOURS, KINDS, PLACES, Scene, Split, Subject, is_held_out, sample_scene, sample_single
from forge.scenes.split import combinations, is_held_out_combination


@pytest.mark.parametrize("field, value", [("kind", "whale"), ("colour", "gray"), ("size", "huge"), ("side", "top"),
                                          ("count", 4)])
def test_a_wrong_subject_names_field_allowed_and_given(field, value):
    values = {"kind": "cat", "colour": "red", "size": "plain", "side": "middle", "count": 1, field: value}
    with pytest.raises(ValueError, match=rf"^{field} must be one of .*; given: {value!r}$"):
        Subject(**values)


@pytest.mark.parametrize("count", ["two", 1.0, True])
def test_count_is_an_int(count):
    with pytest.raises(ValueError, match="^count must be an int"):
        Subject("cat", "red", "plain", "middle", count)


def test_a_group_has_no_side():
    with pytest.raises(ValueError, match="^side must be 'middle' for a group"):
        Subject("cat", "red", "plain", "left", 2)


CAT = Subject("cat", "red", "plain", "left", 1)
DOG = Subject("dog", "red", "plain", "right", 1)


@pytest.mark.parametrize("changes, message", [
    ({"place": "moon"}, "^place must be one of 'sea'"),
    ({"time": "noon"}, "^time must be one of 'dawn'"),
    ({"sky": ("sun", "fog")}, "^sky must be one of .* given: 'fog'"),
    ({"sky": ("sun", "sun")}, "^sky must name each thing once"),
    ({"sky": ["sun"]}, "^sky must be a tuple"),
    ({"subjects": [CAT]}, "^subjects must be a tuple"),
    ({"subjects": (CAT, DOG, DOG)}, "^subjects must be at most 2"),
    ({"subjects": (DOG, CAT)}, "^subjects must be one 'left' then one 'right'"),
    ({"subjects": (CAT, Subject("cat", "blue", "big", "right", 1))}, "^subjects must be of different kinds"),
    ({"seed": -1}, "^seed must be an int of 0 or above"),
])
def test_a_wrong_scene_names_the_field(changes, message):
    values = {"place": "sea", "time": "day", "sky": (), "subjects": (CAT, DOG), "seed": 0, **changes}
    with pytest.raises(ValueError, match=message):
        Scene(**values)


def test_splits_do_not_mix():
    rng = np.random.default_rng(0)
    for sample in (sample_scene, sample_single):
        for _ in range(3000):
            assert not is_held_out(sample(rng, Split.TRAIN))
            assert is_held_out(sample(rng, Split.HELD_OUT))


def test_the_rule_is_the_same_everywhere():
    # Values of the first release: a changed rule would let training see what it is tested on.
    held_out = combinations(Split.HELD_OUT)
    assert len(held_out) == 167
    assert held_out[:3] == (
        ("house", "red", "city"), ("house", "orange", "snowy mountains"), ("house", "yellow", "snowy mountains"),
    )


def test_training_sees_every_word_and_most_pairs():
    train = combinations(Split.TRAIN)
    assert {kind for kind, _, _ in train} == set(KINDS) and {colour for _, colour, _ in train} == set(COLOURS)
    assert len({(kind, place) for kind, _, place in train}) == len(KINDS) * len(PLACES)
    assert len({(colour, place) for _, colour, place in train}) == len(COLOURS) * len(PLACES)
    pairs = {(kind, colour) for kind, colour, _ in train}
    assert 0.90 < len(pairs) / (len(KINDS) * len(COLOURS)) < 0.97
    unseen = Counter(kind for kind in KINDS for colour in COLOURS if (kind, colour) not in pairs)
    assert max(unseen.values()) <= 2
    # Some held-out triples are of pairs that training does see, elsewhere.
    assert any((kind, colour) in pairs for kind, colour, _ in combinations(Split.HELD_OUT))


def test_single_samples_are_single_and_balanced():
    rng = np.random.default_rng(1)
    scenes = [sample_single(rng) for _ in range(4000)]
    assert all(len(scene.subjects) == 1 and scene.subjects[0].count == 1 for scene in scenes)
    assert not any(is_held_out_combination(s.subjects[0].kind, s.subjects[0].colour, s.place) for s in scenes)
    for counts, number in ((Counter(s.place for s in scenes), 8), (Counter(s.time for s in scenes), 4),
                           (Counter(s.subjects[0].kind for s in scenes), 20),
                            (Counter(s.subjects[0].side for s in scenes), 3)):
        assert len(counts) == number and min(counts.values()) > 0.7 * 4000 / number


def test_shares_of_subjects():
    rng = np.random.default_rng(2)
    numbers = Counter(len(sample_scene(rng).subjects) for _ in range(3000))
    assert 0.03 < numbers[0] / 3000 < 0.07 and 0.77 < numbers[1] / 3000 < 0.83 and 0.12 < numbers[2] / 3000 < 0.18


def test_sampling_repeats_for_a_seed():
    assert [sample_scene(np.random.default_rng(5)) for _ in range(2)] == [sample_scene(np.random.default_rng(5))] * 2
