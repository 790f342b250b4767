"""Drawings: the same every time and at every size, with boxes and colours as promised."""

import numpy as np
import pytest
from PIL import Image

from forge.scenes import COLOURS, KINDS, PLACES, SKIES, TIMES, Scene, Subject, draw, sample_scene
from forge.scenes.palette import NAMED

WIDTHS = {"small": (0.195, 0.225), "plain": (0.31, 0.36), "big": (0.46, 0.53)}
CENTRES = {"left": (0.2, 0.3), "middle": (0.45, 0.55), "right": (0.7, 0.8)}


def single(kind="house", colour="red", size="plain", side="middle", place="meadow", time="day", sky=(), seed=1):
    return Scene(place, time, sky, (Subject(kind, colour, size, side, 1),), seed)


def extent(box):
    return max(box.x1 - box.x0, box.y1 - box.y0)


def test_drawing_is_deterministic_and_shaped():
    scene = Scene("city", "night", ("moon", "stars"),
                  (Subject("cat", "black", "big", "left", 1), Subject("star", "pink", "small", "right", 1)), 42)
    first, second = draw(scene, 192), draw(scene, 192)
    assert first.pixels.shape == (192, 192, 3) and first.pixels.dtype == np.uint8
    assert first.mask.shape == (2, 24, 24) and first.mask.dtype == np.uint8
    assert first.pixels.tobytes() == second.pixels.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes() and first.boxes == second.boxes


def test_seed_changes_details():
    assert (draw(single(seed=1), 128).pixels != draw(single(seed=2), 128).pixels).any()


@pytest.mark.parametrize("place", PLACES)
def test_sizes_show_the_same_composition(place):
    scene = Scene(place, "day", ("sun", "clouds"), (Subject("boat", "green", "big", "left", 1),), 5)
    small, large = draw(scene, 256), draw(scene, 512)
    reduced = np.asarray(Image.fromarray(large.pixels).reduce(2)).astype(float)
    assert np.abs(reduced - small.pixels).mean() < 4.0
    for a, b in zip(small.boxes, large.boxes):
        assert np.allclose((a.x0, a.y0, a.x1, a.y1), (b.x0, b.y0, b.x1, b.y1), atol=0.008)
    assert np.abs(small.mask.mean() - large.mask.mean()) < 3.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_subject_has_the_promised_size_and_side(kind):
    for seed, (size, (low, high)) in enumerate(WIDTHS.items()):
        for side, (left, right) in CENTRES.items():
            (box,) = draw(single(kind, "blue", size, side, seed=seed), 128).boxes
            assert low <= extent(box) <= high
            assert left - 0.01 <= (box.x0 + box.x1) / 2 <= right + 0.01
            assert 0.0 < box.x0 < box.x1 < 1.0 and 0.0 < box.y0 < box.y1 < 1.0


def test_things_stay_inside_and_apart():
    rng = np.random.default_rng(11)
    for _ in range(120):
        scene = sample_scene(rng)
        boxes = draw(scene, 64).boxes
        assert [box.subject for box in boxes].count(0) == (scene.subjects[0].count if scene.subjects else 0)
        for index, a in enumerate(boxes):
            assert 0.0 < a.x0 < a.x1 < 1.0 and 0.0 < a.y0 < a.y1 < 1.0
            assert extent(a) >= 0.19
            assert all(a.x1 <= b.x0 or b.x1 <= a.x0 for b in boxes[index + 1:])


def test_mask_covers_the_box():
    drawing = draw(single("ball", "red", "big"), 256)
    (box,) = drawing.boxes
    rows, columns = np.nonzero(drawing.mask[0])
    assert columns.min() == int(box.x0 * 32) and columns.max() == int(np.ceil(box.x1 * 32)) - 1
    assert abs(rows.min() / 32 - box.y0) < 1 / 32 + 0.01
    # A disc fills about pi / 4 of its box.
    area = (box.x1 - box.x0) * (box.y1 - box.y0)
    assert drawing.mask[0].mean() / 255 / area == pytest.approx(np.pi / 4, abs=0.03)


@pytest.mark.parametrize("time", TIMES)
def test_a_subject_keeps_its_colour(time):
    named = np.array([NAMED[colour] for colour in COLOURS], dtype=float)
    for number, kind in enumerate(KINDS):
        for index, colour in enumerate(COLOURS):
            if (number + index) % 2:
                continue
            drawing = draw(single(kind, colour, "big", place=PLACES[(number + index // 2) % 8], time=time), 256)
            inside = np.repeat(np.repeat(drawing.mask[0], 8, 0), 8, 1) > 250
            distance = ((drawing.pixels[inside][::4].astype(float)[:, None] - named) ** 2).sum(-1)
            votes = np.bincount(distance.argmin(1), minlength=len(COLOURS))
            assert COLOURS[votes.argmax()] == colour, (kind, colour, time)


def test_every_sky_can_be_drawn_everywhere():
    for index, place in enumerate(PLACES):
        for sky in SKIES:
            drawing = draw(Scene(place, TIMES[index % 4], (sky,), (), index), 64)
            assert drawing.boxes == () and drawing.mask.shape == (0, 8, 8)


@pytest.mark.parametrize("size", [0, 63, 100, 1088, 256.0, True])
def test_a_wrong_size_is_an_error(size):
    with pytest.raises(ValueError, match="size must be a multiple of 64"):
        draw(single(), size)
