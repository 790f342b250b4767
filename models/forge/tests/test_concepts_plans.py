"""Plans, captions and the pictures composed of them."""

from collections import Counter

import numpy as np
import pytest
import torch

from concept_assets import write_assets
from forge.concepts import Corpus, Planner
from forge.concepts.compose import Batch, Composer
from forge.concepts.landscapes import landscapes
from forge.concepts.phrasebook import spellings
from forge.concepts.phrases import EFFECTS
from forge.concepts.plans import GRID, SPANS, Plan, Slot
from forge.concepts.recolour import oklab, srgb
from forge.concepts.sheet import draw_sheet, to_pixels
from forge.concepts.sprites import Sprites
from forge.concepts.styles import BY_NAME
from forge.scenes import COLOURS, PLACES, TIMES


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return write_assets(tmp_path_factory.mktemp("assets"), patch)


@pytest.fixture(scope="module")
def corpus(folder):
    return Corpus(folder)


@pytest.fixture(scope="module")
def scenery():
    return landscapes(64)


def plans(corpus, scenery, count, **how) -> list[Plan]:
    planner = Planner(corpus, scenery, np.random.default_rng(3), **how)
    return [planner.plan() for _ in range(count)]


def held_out_pairs(plan: Plan, corpus, scenery) -> int:
    place = scenery[plan.landscape].place if plan.landscape >= 0 else None
    return sum((slot.thing, slot.colour) in corpus.held_out_colours or (slot.thing, place) in corpus.held_out_places
               for slot in plan.slots)


def test_training_never_shows_a_held_out_pair_and_evaluation_always(corpus, scenery):
    assert corpus.held_out_colours
    assert not any(held_out_pairs(plan, corpus, scenery) for plan in plans(corpus, scenery, 2000))


def test_held_out_plans_hold_such_a_pair(corpus, scenery, monkeypatch):
    monkeypatch.setattr(corpus, "held_out_places", frozenset((thing, place) for thing in (0, 1) for place in PLACES))
    monkeypatch.setattr(corpus, "held_out_colours", frozenset((thing, colour) for thing in (0, 3) for colour in (2, 5)))
    made = plans(corpus, scenery, 300, held_out=True)
    assert all(held_out_pairs(plan, corpus, scenery) for plan in made)
    assert not any(word in plan.text for plan in made for word in ("kitty", "masterpiece", "🐈"))


def test_things_stand_on_the_grid_within_the_picture_and_apart(corpus, scenery):
    kinds = Counter()
    for plan in plans(corpus, scenery, 1500):
        kinds[len(plan.slots)] += 1
        for slot in plan.slots:
            width, height = corpus.boxes[slot.thing, slot.style] * slot.span
            assert slot.span in SPANS and (slot.x * GRID).is_integer()
            assert slot.x - width / 2 > -0.05 and slot.x + width / 2 < 1.05 and slot.bottom - height > -0.15
        if len({slot.thing for slot in plan.slots}) == 1:
            edges = sorted((slot.x - slot.span / 2, slot.x + slot.span / 2) for slot in plan.slots)
            assert all(after[0] >= before[1] - 1e-6 for before, after in zip(edges, edges[1:]))
        if plan.relation == "on top":
            below, above = plan.slots
            assert above.bottom < below.bottom and abs(above.x - below.x) <= 0.15
    assert kinds[0] and kinds[1] > kinds[2] > kinds[3]


def test_a_colour_is_never_that_of_the_ground(corpus, scenery):
    for plan in plans(corpus, scenery, 1000):
        if plan.ground:
            assert not {COLOURS[slot.colour] for slot in plan.slots if slot.colour >= 0} & set(plan.ground.names)


def test_captions_say_what_is_there(corpus, scenery):
    said = Counter()
    for plan in plans(corpus, scenery, 1500):
        assert plan.text and "  " not in plan.text and not plan.text.startswith(("a picture of at", "a sticker of in"))
        if plan.effect != "none":
            said[plan.effect] += 1
        for word in ("3d", "flat", "cartoon"):
            said[word] += word in plan.text
        if len(plan.slots) == 3:
            assert "three" in plan.text or any(not character.isascii() for character in plan.text)
    assert set(EFFECTS[1:]) | {"flat", "cartoon", "3d"} <= set(said)


def test_simple_plans_have_one_style(corpus, scenery):
    for plan in plans(corpus, scenery, 300, simple=True):
        assert plan.effect == "none" and all(slot.style == 0 for slot in plan.slots)


def alone(thing: int, colour: int = -1, time: int = -1, landscape: int = -1, **how) -> Plan:
    from forge.concepts.grounds import Ground
    ground = Ground("plain", np.full((2, 3), 0.5, np.float32), (), "") if landscape < 0 else None
    return Plan(landscape, ground, (Slot(thing, 0, 0.5, 0.75, SPANS[2], colour, time),), "none", "", **how)


@pytest.mark.parametrize("size", [128, 256])
def test_coverage_is_where_the_thing_is(folder, scenery, size):
    picture, coverage = Composer(Sprites(folder), scenery, size)(Batch.of([alone(0)]))
    assert picture.shape == (1, 3, size, size) and coverage.shape == (1, 3, size // 8, size // 8)
    assert picture.min() >= -1 and picture.max() <= 1
    cells = coverage[0, 0]
    assert cells[size * 9 // 16 // 8, size // 2 // 8] > 0.9 and cells[0].max() == 0 and coverage[0, 1:].max() == 0
    assert 0.05 < cells.mean() < SPANS[2] ** 2


@pytest.mark.parametrize("colour", ["red", "green", "blue", "black", "white"])
def test_recoloured_things_have_the_colour(folder, scenery, colour):
    composer = Composer(Sprites(folder), scenery, 128)
    picture, coverage = composer(Batch.of([alone(4, COLOURS.index(colour))]))
    inside = torch.nn.functional.interpolate(coverage[:, :1], size=128) > 0.95
    red, green, blue = (picture[0] * 0.5 + 0.5)[:, inside[0, 0]].median(dim=1).values.tolist()
    wanted = {"red": red > 1.6 * max(green, blue), "green": green > 1.3 * max(red, blue), "blue": blue > 1.3 * max(red, green),
              "black": max(red, green, blue) < 0.35, "white": min(red, green, blue) > 0.75}
    assert wanted[colour]


def test_oklab_goes_both_ways():
    rgb = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(srgb(*oklab(rgb)), rgb, atol=2e-3)


def test_night_is_darker_than_day(folder, scenery):
    composer = Composer(Sprites(folder), scenery, 128)
    by_day, at_night = (next(index for index, each in enumerate(scenery) if (each.place, each.time) == ("meadow", time))
                        for time in ("day", "night"))
    pictures, _ = composer(Batch.of([alone(0, -1, TIMES.index("day"), by_day), alone(0, -1, TIMES.index("night"), at_night)]))
    assert pictures[1].mean() < pictures[0].mean() - 0.3


@pytest.mark.parametrize("name", BY_NAME)
def test_styles_keep_size_and_range_and_change_the_picture(name):
    picture = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(2))
    made = BY_NAME[name](picture)
    assert made.shape == picture.shape and made.min() >= 0 and made.max() <= 1 and not torch.allclose(made, picture)
    if name in ("black and white", "pencil sketch"):
        assert torch.allclose(made[:, 0], made[:, 1])
    if name == "pixel art":
        assert torch.equal(made[..., ::2, ::2], made[..., 1::2, 1::2])


def test_sheet_of_drawn_pictures(folder, tmp_path):
    captions = draw_sheet(folder, tmp_path / "new/sheet.png", 12, 5)
    assert len(captions) == 12 and (tmp_path / "new/sheet.png").exists()
    assert to_pixels(torch.tensor([-1.0, 1.0]).reshape(1, 1, 1, 2).expand(1, 3, 1, 2)).tolist() == [[[[0] * 3, [255] * 3]]]


def test_emoji_are_known_as_every_keyboard_writes_them():
    assert spellings("❤️") == ["❤️", "❤"] and spellings("⭐") == ["⭐", "⭐️"] and spellings("") == []
